// The panel beside the scan: what is shown, what is picked, the filters, and the list of instances.

const byId = (id) => document.getElementById(id);
const COLOURINGS = {
  instance: { name: "Instance", key: "i" }, class: { name: "Class", key: "c" },
  match: { name: "Match", key: "m" }, certainty: { name: "Certainty", key: "s" },
};

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

function swatch(colour) {
  const made = element("span", { className: "swatch" });
  made.style.background = css(colour);
  return made;
}

function choice(label, pressed, action, key) {
  const made = element("button", { type: "button", textContent: label, onclick: action, title: key ? `key ${key}` : "" });
  made.setAttribute("aria-pressed", pressed);
  return made;
}

/** The colourings that a layer has something to show for. */
function colouringsOf(scene, layer) {
  if (!layer || layer.kind === "pieces") return [];
  const judged = scene.layers.some((other) => other.verdict);
  return ["instance", "class", ...(judged ? ["match"] : []), ...(layer.kind === "model" ? ["certainty"] : [])];
}

class Panel {
  constructor(page, state, actions) {
    Object.assign(this, { page, state, actions });
    byId("score").oninput = (event) => actions.filterScore(Number(event.target.value));
    byId("cut").oninput = (event) => actions.cut(Number(event.target.value) / 100);
    byId("seeThrough").onchange = (event) => actions.seeThrough(event.target.checked);
    byId("scenes").onchange = (event) => actions.openScene(event.target.selectedIndex);
    byId("previous").onclick = () => actions.stepScene(-1);
    byId("next").onclick = () => actions.stepScene(1);
  }

  listScenes(names) {
    byId("scenes").replaceChildren(...names.map((name) => element("option", { textContent: name })));
    for (const id of ["previous", "next"]) byId(id).hidden = names.length < 2;
  }

  update() {
    const { scene, layer } = this.state;
    byId("scenes").selectedIndex = this.state.sceneNumber;
    byId("about").textContent = aboutText(scene);
    byId("backs").hidden = !scene.triangles.length;
    byId("layers").replaceChildren(
      ...["Colours", ...scene.layers.map((other) => other.title)].map((title, k) =>
        choice(title, k === this.state.layerNumber, () => this.actions.show(k), k < 9 ? k + 1 : ""))
    );
    const colourings = colouringsOf(scene, layer);
    byId("colourings").hidden = !colourings.length;
    byId("colourBy").replaceChildren(
      ...colourings.map((by) => choice(COLOURINGS[by].name, by === this.state.by, () => this.actions.colourBy(by), COLOURINGS[by].key))
    );
    byId("filters").hidden = byId("listing").hidden = !colourings.length;
    byId("scoreFilter").hidden = layer?.kind !== "model";
    byId("score").value = this.state.filters.score;
    byId("scoreText").textContent = (this.state.filters.score / 100).toFixed(2);
    byId("caption").textContent = layer ? captionOf(layer) : "";
    if (colourings.length) {
      byId("legend").replaceChildren(...this.legend(layer));
      byId("classes").replaceChildren(...this.classSwitches(layer));
      this.list(layer);
    }
    this.showPicked(layer);
  }

  legend(layer) {
    const isTruth = layer.kind === "truth";
    if (this.state.by === "match") {
      const entries = [[HIT, isTruth ? "found" : "hit"], [FALSE_POSITIVE, "false positive"], [MISSED, "missed"], [NOT_COUNTED, "not counted"]];
      return entries.filter(([colour]) => !isTruth || colour !== FALSE_POSITIVE)
        .map(([colour, text]) => element("span", { className: "entry" }, swatch(colour), text));
    }
    if (this.state.by !== "certainty") return [];
    const ramp = element("div", { className: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${RAMP.map(css).join(", ")})`;
    return [element("div", { className: "wide" }, ramp, element("output", { textContent: "1" }), "0")];
  }

  /** The classes of this layer, each a switch. */
  classSwitches(layer) {
    const present = new Set(layer.label);
    if (this.state.by === "class") layer.point_semantic?.forEach((label) => present.add(label));
    present.delete(-1);
    return [...present].sort((a, b) => a - b).map((label) => {
      const box = element("input", { type: "checkbox", onchange: () => this.actions.toggleClass(label) });
      box.checked = !this.state.filters.hidden.has(label);
      if (this.state.by === "class") box.style.accentColor = css(this.page.classColours[label]);
      return element("label", { className: "entry" }, box, this.page.classes[label]);
    });
  }

  list(layer) {
    const shown = [...layer.label.keys()].filter((region) => isShown(layer, region, this.state.filters));
    byId("count").textContent = `${shown.length} of ${layer.label.length} instances`;
    byId("instances").replaceChildren(...shown.map((region) => {
      const facts = factsOf(layer, region, this.state, this.page);
      const colour = instanceColour(layer, region, this.state.by, this.page, this.state.judged);
      const button = element("button", { type: "button", onclick: () => this.actions.select(region, true) },
        swatch(colour), element("span", { textContent: facts.name }),
        element("span", { className: "small", textContent: facts.score ?? "" }), badge(facts.verdict));
      button.dataset.region = region;
      button.setAttribute("aria-pressed", region === this.state.selected);
      return element("li", {}, button);
    }));
  }

  showPicked(layer) {
    const { selected } = this.state;
    if (!layer || selected === null) return byId("picked").replaceChildren();
    const facts = factsOf(layer, selected, this.state, this.page);
    const rows = [["Score", facts.score], ["IoU", facts.iou], ["Match", facts.match], ["Points", facts.points]];
    byId("picked").replaceChildren(
      element("h3", {}, swatch(instanceColour(layer, selected, this.state.by, this.page, this.state.judged)), facts.name, badge(facts.verdict)),
      element("dl", {}, ...rows.filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]))
    );
    byId("instances").querySelector(`[data-region="${selected}"]`)?.scrollIntoView({ block: "nearest" });
  }
}

function badge(verdict) {
  const kind = { hit: "right", found: "right", "false positive": "wrong", missed: "wrong" }[verdict] ?? "unjudged";
  return verdict ? element("span", { className: `badge ${kind}`, textContent: verdict }) : "";
}

/** What the page says of one instance. For the annotation, the match is that of the last layer looked at. */
function factsOf(layer, region, { scene, judged }, page) {
  const name = (label) => page.classes[label] ?? (layer.kind === "pieces" ? "supervoxel" : "background");
  const facts = { name: name(layer.label[region]), points: layer.points[region].toLocaleString("en") };
  const isTruth = layer.kind === "truth";
  if (layer.kind === "model") facts.score = (layer.score[region] / 100).toFixed(2);
  const source = isTruth ? judged : layer;
  if (!source?.verdict || layer.kind === "pieces") return facts;
  const [verdicts, ious, matches] = isTruth
    ? [source.truth_verdict, source.truth_iou, source.truth_match] : [source.verdict, source.iou, source.match];
  const other = isTruth ? source : scene.layers.find((candidate) => candidate.kind === "truth");
  facts.verdict = ["not counted", ...(isTruth ? ["found", "missed"] : ["hit", "false positive"])][verdicts[region]];
  facts.iou = (ious[region] / 100).toFixed(2);
  const match = matches[region];
  facts.match = match < 0 ? "none" : name(other.label[match]);
  if (isTruth) facts.match += ` (${source.title.toLowerCase()})`;
  return facts;
}

function captionOf(layer) {
  if (layer.hits === undefined) return layer.title;
  const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
  return `${layer.title}: ${count(layer.hits, "hit")}, ${count(layer.false_positives, "false positive")}, ${layer.misses} missed, at IoU 0.5`;
}

function aboutText(scene) {
  const count = scene.points.toLocaleString("en");
  const points = scene.shown < scene.points ? `${scene.shown.toLocaleString("en")} of ${count} points` : `${count} points`;
  return scene.note ? `${scene.note} · ${points}` : points;
}
