// State and actions; `window.viewer` is for the console and for tests.

async function start() {
  const page = JSON.parse(byId("facts").textContent);
  const packed = [...document.querySelectorAll("script.scene")];
  const view = new View(await loadLibrary(), byId("canvas"));
  const state = {
    scene: null, sceneNumber: 0, layer: null, layerNumber: 0, by: "instance", selected: null,
    filters: { score: 0, hidden: new Set() }, judged: null, owner: null,
  };

  function repaint() {
    const { scene, layer, by, filters, selected, judged } = state;
    const truth = scene.layers.find((other) => other.kind === "truth");
    const { colour, owner } = paint(scene, layer, by, page, filters, selected, truth, judged);
    state.owner = owner;
    view.setColours(colour);
    panel.update();
  }

  const actions = {
    async openScene(number) {
      say(`Unpacking ${packed[number].dataset.name} …`);
      state.asked = number;
      const scene = sceneOf(await unpack(packed[number].textContent));
      if (state.asked !== number) return; // another was asked for meanwhile
      let wanted = scene.layers.findIndex((layer) => layer.title === state.layer?.title);
      if (wanted < 0 && (state.layer || !state.scene)) { // another labelling, where there is not the same
        wanted = scene.layers.findLastIndex((layer) => layer.kind === (state.layer?.kind ?? "model"));
      }
      Object.assign(state, { scene, sceneNumber: number, selected: null });
      state.judged = scene.layers.findLast((layer) => layer.verdict) ?? null;
      view.setFrame(null);
      view.setScene(scene);
      view.setCut(Number(byId("cut").value) / 100);
      actions.show(1 + wanted);
      say("");
    },
    stepScene: (step) => actions.openScene((state.sceneNumber + step + packed.length) % packed.length),
    show(number) {
      if (number > state.scene.layers.length) return;
      state.layerNumber = number;
      state.layer = state.scene.layers[number - 1] ?? null;
      if (state.layer?.verdict) state.judged = state.layer;
      if (!colouringsOf(state.scene, state.layer).includes(state.by)) state.by = "instance";
      actions.select(null);
    },
    colourBy(by) {
      if (!colouringsOf(state.scene, state.layer).includes(by)) return;
      state.by = by;
      repaint();
    },
    filterScore(score) {
      state.filters.score = score;
      actions.select(state.selected);
    },
    toggleClass(label) {
      if (!state.filters.hidden.delete(label)) state.filters.hidden.add(label);
      actions.select(state.selected);
    },
    select(region, go = false) {
      const shown = region !== null && isShown(state.layer, region, state.filters);
      state.selected = shown ? region : null;
      repaint();
      const points = shown ? state.layer.index.subarray(state.layer.start[region], state.layer.start[region + 1]) : [];
      const box = points.length ? view.boxOf(points) : null;
      view.setFrame(box);
      if (go && box) view.goTo(box);
    },
    stepInstance(step) {
      if (!state.layer) return;
      const shown = [...state.layer.label.keys()].filter((region) => isShown(state.layer, region, state.filters));
      if (!shown.length) return;
      const at = shown.indexOf(state.selected);
      actions.select(shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : (at + step + shown.length) % shown.length], true);
    },
    pick(x, y) {
      const point = view.pick(x, y);
      const region = point < 0 || !state.layer ? -1 : state.owner[point];
      actions.select(region < 0 ? null : region);
    },
    cut(share) {
      view.setCut(share);
      byId("cutText").textContent = share >= 1 ? "" : `${Math.round(100 * share)} %`;
    },
    seeThrough: (on) => view.setSeeThrough(on),
    home: () => view.lookAt(view.box),
    focus() {
      if (state.selected !== null) actions.select(state.selected, true);
    },
  };

  const panel = new Panel(page, state, actions);
  panel.listScenes(packed.map((script) => script.dataset.name));
  listen(view, actions);
  window.viewer = { state, actions, view };
  if (packed.length) await actions.openScene(0);
  else say("This page holds no scan.");
}

function say(text) {
  byId("busy").textContent = text;
  byId("busy").hidden = !text;
}

/** three.js, as the bundle hands it to whoever defines AMD's `define`. */
async function loadLibrary() {
  const source = new TextDecoder().decode(await inflate(byId("library").textContent));
  const own = new Set(document.querySelectorAll("style"));
  let bundle = null;
  window.define = (name, needs, make) => { bundle = make(); };
  document.head.append(element("script", { textContent: source }));
  delete window.define;
  // The bundle brings the style of its own panels, whose fonts would be asked for beside this file.
  for (const style of document.querySelectorAll("style")) if (!own.has(style)) style.remove();
  return bundle.ThreeJsProvider.THREE;
}

function listen(view, actions) {
  const canvas = view.canvas;
  let pressed = null;
  canvas.addEventListener("pointerdown", (event) => { pressed = event.isPrimary ? [event.clientX, event.clientY] : null; });
  canvas.addEventListener("pointerup", (event) => {
    const still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 5;
    if (still && event.button === 0) actions.pick(event.offsetX, event.offsetY);
  });
  const keys = {
    ArrowLeft: (shift) => (shift ? view.move(-0.05, 0) : view.turn(-0.12, 0)),
    ArrowRight: (shift) => (shift ? view.move(0.05, 0) : view.turn(0.12, 0)),
    ArrowUp: (shift) => (shift ? view.move(0, 0.05) : view.turn(0, -0.08)),
    ArrowDown: (shift) => (shift ? view.move(0, -0.05) : view.turn(0, 0.08)),
    "+": () => view.zoom(0.87), "=": () => view.zoom(0.87), "-": () => view.zoom(1.15),
    Home: actions.home, Escape: () => actions.select(null), f: actions.focus,
    n: () => actions.stepInstance(1), p: () => actions.stepInstance(-1),
    "[": () => actions.stepScene(-1), "]": () => actions.stepScene(1),
  };
  for (const by in COLOURINGS) keys[COLOURINGS[by].key] = () => actions.colourBy(by);
  window.addEventListener("keydown", (event) => {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys[event.key] ?? (/^[1-9]$/.test(event.key) ? () => actions.show(Number(event.key) - 1) : null);
    if (!action) return;
    event.preventDefault();
    action(event.shiftKey);
  });
}

start().catch((error) => {
  say(`This page could not be shown: ${error.message ?? error}`);
  throw error;
});
