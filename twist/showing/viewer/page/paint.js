// Which colour each point has, and which instance lies on top of it.

const VERDICTS = ["not counted", "right", "wrong"];
const HIT = [0, 158, 115], FALSE_POSITIVE = [213, 94, 0], MISSED = [204, 60, 160], NOT_COUNTED = [140, 150, 170];
const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // violet to yellow

function rampColour(percent) {
  const at = (Math.min(Math.max(percent, 0), 100) / 100) * (RAMP.length - 1);
  const low = Math.min(Math.floor(at), RAMP.length - 2);
  return RAMP[low].map((value, k) => value + (RAMP[low + 1][k] - value) * (at - low));
}

const paler = (colour, share) => colour.map((value) => 255 - (255 - value) * share);

/** Is the instance shown under the filters? Pieces without a class always are. */
function isShown(layer, region, filters) {
  if (layer.kind === "model" && layer.score[region] < filters.score) return false;
  return !filters.hidden.has(layer.label[region]);
}

function instanceColour(layer, region, by, page, truthOf) {
  if (layer.kind === "pieces") return page.instanceColours[region % page.instanceColours.length];
  if (by === "class") return page.classColours[layer.label[region]] ?? page.unlabelled;
  if (by === "certainty") return rampColour(layer.score[region]);
  if (by === "match") {
    const verdict = layer.kind === "truth" ? truthOf.truth_verdict[region] : layer.verdict[region];
    return [NOT_COUNTED, HIT, layer.kind === "truth" ? MISSED : FALSE_POSITIVE][verdict];
  }
  return page.instanceColours[region % page.instanceColours.length];
}

/** Colours of the points outside instances, in place. */
function paintGround(scene, layer, by, page, filters, colour) {
  for (let i = 0; i < scene.shown; i++) {
    const label = layer.point_semantic ? layer.point_semantic[i] : -1;
    let chosen = null;
    if (by === "certainty" && layer.point_certainty) chosen = rampColour(layer.point_certainty[i]);
    else if (by === "class" && label >= 0 && !filters.hidden.has(label)) chosen = page.classColours[label];
    else if (by === "instance" && layer.kind === "model" && label >= 0) chosen = paler(page.classColours[label], 0.3);
    const own = scene.colour, at = 4 * i;
    const light = 190 + 0.2 * (0.3 * own[at] + 0.6 * own[at + 1] + 0.1 * own[at + 2]);
    for (let k = 0; k < 3; k++) colour[at + k] = chosen ? chosen[k] : light;
  }
}

/** `colour` (4 bytes a point) and `owner` (the uppermost instance of each point, -1 = none). */
function paint(scene, layer, by, page, filters, selected, truth, truthOf) {
  const owner = new Int32Array(scene.shown).fill(-1);
  if (!layer) return { colour: scene.colour, owner };
  const colour = new Uint8Array(4 * scene.shown).fill(255);
  paintGround(scene, layer, by, page, filters, colour);
  if (by === "match" && layer.kind === "model" && truth) paintMisses(layer, truth, filters, colour);
  const fill = (region, value) => {
    for (let e = layer.start[region]; e < layer.start[region + 1]; e++) {
      const i = layer.index[e];
      owner[i] = region;
      for (let k = 0; k < 3; k++) colour[4 * i + k] = value[k];
    }
  };
  for (let region = layer.label.length - 1; region >= 0; region--) {  // the best is painted last
    if (isShown(layer, region, filters)) fill(region, instanceColour(layer, region, by, page, truthOf));
  }
  if (selected !== null) {
    for (let i = 0; i < colour.length; i++) if (i % 4 < 3) colour[i] = 255 - (255 - colour[i]) * 0.4;
    fill(selected, instanceColour(layer, selected, by, page, truthOf));
  }
  return { colour, owner };
}

/** Annotated instances that no prediction fits, beneath the predictions. */
function paintMisses(layer, truth, filters, colour) {
  truth.label.forEach((label, region) => {
    if (layer.truth_verdict[region] !== 2 || filters.hidden.has(label)) return;
    for (let e = truth.start[region]; e < truth.start[region + 1]; e++) {
      for (let k = 0; k < 3; k++) colour[4 * truth.index[e] + k] = MISSED[k];
    }
  });
}
