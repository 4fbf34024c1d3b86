// Reading what packing.py wrote.

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The header's facts, with `arrays` as Int32Array by name. */
async function unpack(base64) {
  const bytes = await inflate(base64);
  const headerLength = new DataView(bytes.buffer).getUint32(0, true);
  const { arrays: entries, ...facts } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  const arrays = {};
  let from = 4 + headerLength;
  for (const [name, length, planes, differenced] of entries) {
    arrays[name] = readArray(bytes.subarray(from, from + length * planes), length, planes, differenced);
    from += length * planes;
  }
  return { ...facts, arrays };
}

function readArray(bytes, length, planes, differenced) {
  const values = new Int32Array(length);
  let before = 0;
  for (let i = 0; i < length; i++) {
    let coded = 0;
    for (let plane = 0; plane < planes; plane++) coded |= bytes[plane * length + i] << (8 * plane);
    const value = (coded >>> 1) ^ -(coded & 1);
    before = differenced ? before + value : value;
    values[i] = before;
  }
  return values;
}

/** A scan as typed arrays: positions in metres, colours, triangles, and its layers. */
function sceneOf({ arrays, layers, ...facts }) {
  const size = facts.shown;
  const position = new Float32Array(3 * size);
  const colour = new Uint8Array(4 * size);
  for (let i = 0; i < size; i++) {
    ["x", "y", "z"].forEach((axis, k) => { position[3 * i + k] = arrays[axis][i] * facts.step; });
    const green = arrays.green[i];
    [arrays.red_green[i] + green, green, arrays.blue_green[i] + green, 63].forEach((shade, k) => {
      colour[4 * i + k] = (shade * 255) / 63;
    });
  }
  const scene = { ...facts, position, colour, triangles: trianglesOf(arrays.faces) };
  scene.layers = layers.map((layer, k) => layerOf(layer, `${k}.`, arrays));
  return scene;
}

/** Each corner is stored as its distance below the next vertex that no face has used. */
function trianglesOf(distances) {
  const corners = new Uint32Array(distances.length);
  let next = 0;
  for (let i = 0; i < distances.length; i++) {
    corners[i] = next - distances[i];
    if (distances[i] === 0) next++;
  }
  return corners;
}

function layerOf(facts, prefix, arrays) {
  const layer = { ...facts };
  for (const name in arrays) {
    if (name.startsWith(prefix)) layer[name.slice(prefix.length).replace("regions.", "")] = arrays[name];
  }
  layer.start = new Uint32Array(layer.size.length + 1);
  layer.size.forEach((size, k) => { layer.start[k + 1] = layer.start[k] + size; });
  return layer;
}
