// The scan on the canvas: three.js draws, this file says what and from where.

const VERTEX = `
  uniform float pointSize, pointSizeMax;
  in vec4 colour;
  out vec3 shade;
  out vec3 place;
  out float depth;
  flat out int number;
  void main() {
    vec4 inView = modelViewMatrix * vec4(position, 1.0);
    gl_Position = projectionMatrix * inView;
    gl_PointSize = clamp(pointSize * projectionMatrix[1][1] / max(-inView.z, 0.01), 1.5, pointSizeMax);
    shade = colour.rgb;
    place = position;
    depth = -inView.z;
    number = gl_VertexID;
  }`;
const FRAGMENT = `
  uniform float cutAbove;
  uniform bool isMesh, picking;
  in vec3 shade;
  in vec3 place;
  in float depth;
  flat in int number;
  layout(location = 0) out vec4 result;
  void main() {
    if (place.z > cutAbove) discard;
    if (!isMesh && length(gl_PointCoord - 0.5) > 0.5) discard;
    if (picking) {
      int code = number + 1;
      result = vec4(code & 255, (code >> 8) & 255, (code >> 16) & 255, 255) / 255.0;
      return;
    }
    float light = 1.0;
    if (isMesh) {
      vec3 normal = normalize(cross(dFdx(place), dFdy(place)));
      light = 0.8 + 0.2 * abs(dot(normal, normalize(vec3(0.35, -0.25, 0.9))));
    }
    result = vec4(shade * light, 1.0);
  }`;
// Eye-dome lighting: a point is darker, the further its neighbours on the screen lie before it.
const SCREEN_VERTEX = `out vec2 at; void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }`;
const SCREEN_FRAGMENT = `
  uniform sampler2D picture, depths;
  uniform vec2 pixel;
  uniform vec3 ground;
  uniform float near, far;
  in vec2 at;
  layout(location = 0) out vec4 result;
  float logDepth(vec2 where) {
    float z = texture(depths, where).r;
    return log2(near * far / (far - z * (far - near)));
  }
  void main() {
    if (texture(depths, at).r >= 1.0) { result = vec4(ground, 1.0); return; }
    float here = logDepth(at), behind = 0.0;
    for (int k = 0; k < 8; k++) {
      float angle = 0.785398 * float(k);
      behind += clamp(here - logDepth(at + 1.4 * pixel * vec2(cos(angle), sin(angle))), 0.0, 0.05);
    }
    result = vec4(texture(picture, at).rgb * exp(-2.2 * behind), 1.0);
  }`;
const GROUND = [243 / 255, 244 / 255, 247 / 255];
const POINT_OVERLAP = 1.7; // points are drawn this much wider than they lie apart, so that no gaps show
const PICKED = 41; // pixels around a click that are looked at: a point whose centre lies outside is not drawn at all
const PICK_RADIUS = 6; // pixels by which a click may miss

/** The code nearest to the middle of the looked-at square, 0 where there is none near. */
function nearestCode(codes) {
  let best = 0, nearest = PICK_RADIUS ** 2;
  const middle = (PICKED - 1) / 2;
  for (let pixel = 0; pixel < PICKED * PICKED; pixel++) {
    const code = codes[4 * pixel] + 256 * codes[4 * pixel + 1] + 65536 * codes[4 * pixel + 2];
    const distance = ((pixel % PICKED) - middle) ** 2 + (Math.floor(pixel / PICKED) - middle) ** 2;
    if (code && distance <= nearest) [best, nearest] = [code, distance - 0.5];
  }
  return best;
}

class View {
  constructor(THREE, canvas) {
    this.THREE = THREE;
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: false, preserveDrawingBuffer: true });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace; // colours are shown as they are stored
    this.scene = new THREE.Scene();
    this.camera = new THREE.PerspectiveCamera(45, 1, 0.05, 200);
    this.camera.up.set(0, 0, 1);
    // The bundle's controls ask their third argument which way is up.
    this.controls = new THREE.OrbitControls(this.camera, canvas, { parameters: { cameraUpAxis: "z" } });
    this.controls.addEventListener("change", () => this.draw());
    this.material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT,
      uniforms: Object.fromEntries([["pointSize", 0], ["pointSizeMax", 40], ["cutAbove", 1e9], ["isMesh", false], ["picking", false]]
        .map(([name, value]) => [name, { value }])),
    });
    this.target = new THREE.WebGLRenderTarget(1, 1, { depthTexture: new THREE.DepthTexture(1, 1, THREE.UnsignedIntType) });
    this.pickTarget = new THREE.WebGLRenderTarget(PICKED, PICKED, { minFilter: THREE.NearestFilter, magFilter: THREE.NearestFilter });
    this.screen = new THREE.Mesh(new THREE.PlaneGeometry(2, 2), new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: SCREEN_VERTEX, fragmentShader: SCREEN_FRAGMENT, depthTest: false, depthWrite: false,
      uniforms: {
        picture: { value: this.target.texture }, depths: { value: this.target.depthTexture },
        pixel: { value: new THREE.Vector2() }, ground: { value: new THREE.Vector3(...GROUND) }, near: { value: 0 }, far: { value: 0 },
      },
    }));
    this.screen.frustumCulled = false;
    this.frame = null;
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
  }

  setScene(scene) {
    const { THREE, material } = this;
    this.object?.geometry.dispose();
    this.scene.clear();
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(scene.position, 3));
    geometry.setAttribute("colour", new THREE.BufferAttribute(scene.colour, 4, true));
    const isMesh = scene.triangles.length > 0;
    if (isMesh) geometry.setIndex(new THREE.BufferAttribute(scene.triangles, 1));
    this.object = isMesh ? new THREE.Mesh(geometry, material) : new THREE.Points(geometry, material);
    material.uniforms.isMesh.value = isMesh;
    this.spacing = scene.spacing;
    this.scene.add(this.object);
    geometry.computeBoundingBox();
    this.box = geometry.boundingBox;
    this.resize();
    this.lookAt(this.box);
  }

  setColours(colour) {
    this.object.geometry.setAttribute("colour", new this.THREE.BufferAttribute(colour, 4, true));
    this.draw();
  }

  /** A box around some points, or none. */
  setFrame(box) {
    if (this.frame) this.scene.remove(this.frame);
    this.frame = box ? new this.THREE.Box3Helper(box, 0x1d2330) : null;
    if (this.frame) this.scene.add(this.frame);
    this.draw();
  }

  setCut(share) {
    const { min, max } = this.box;
    this.material.uniforms.cutAbove.value = share >= 1 ? 1e9 : min.z + share * (max.z - min.z);
    this.draw();
  }

  setSeeThrough(on) {
    this.material.side = on ? this.THREE.FrontSide : this.THREE.DoubleSide;
    this.material.needsUpdate = true;
    this.draw();
  }

  boxOf(points) {
    const box = new this.THREE.Box3(), at = new this.THREE.Vector3();
    for (const i of points) box.expandByPoint(at.fromBufferAttribute(this.object.geometry.attributes.position, i));
    return box;
  }

  /** Look obliquely down on a box, from where the camera is or, for the whole scan, from the front. */
  lookAt(box, direction = new this.THREE.Vector3(0.55, -0.75, 0.95)) {
    const sphere = box.getBoundingSphere(new this.THREE.Sphere());
    const radius = Math.max(sphere.radius, 0.1);
    const narrow = Math.min(1, this.camera.aspect);
    const distance = (0.82 * radius) / Math.sin((this.camera.fov * Math.PI) / 360) / narrow;
    this.camera.position.copy(sphere.center).addScaledVector(direction.clone().normalize(), distance);
    this.controls.target.copy(sphere.center);
    this.controls.maxDistance = 20 * this.box.getSize(new this.THREE.Vector3()).length() + 10;
    this.controls.update();
    this.draw();
  }

  goTo(box) {
    const wide = box.clone().expandByScalar(0.5 * Math.max(0.4, box.getSize(new this.THREE.Vector3()).length()));
    this.lookAt(wide, this.camera.position.clone().sub(this.controls.target));
  }

  /** Turn by angles (radians), move by shares of the distance, or come nearer by a factor. */
  turn(around, up) {
    const { THREE, camera, controls } = this;
    const offset = camera.position.clone().sub(controls.target);
    const upright = new THREE.Quaternion().setFromUnitVectors(camera.up, new THREE.Vector3(0, 1, 0));
    const spherical = new THREE.Spherical().setFromVector3(offset.applyQuaternion(upright));
    spherical.theta += around;
    spherical.phi = Math.min(Math.max(spherical.phi + up, 0.01), Math.PI - 0.01);
    camera.position.setFromSpherical(spherical).applyQuaternion(upright.invert()).add(controls.target);
    controls.update();
  }

  move(right, up) {
    const distance = this.camera.position.distanceTo(this.controls.target);
    const step = new this.THREE.Vector3(right, up, 0).multiplyScalar(distance).applyQuaternion(this.camera.quaternion);
    this.camera.position.add(step);
    this.controls.target.add(step);
    this.controls.update();
  }

  zoom(factor) {
    const { camera, controls } = this;
    camera.position.sub(controls.target).multiplyScalar(factor).add(controls.target);
    controls.update();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    if (!width || !height) return;
    this.renderer.setPixelRatio(Math.min(Math.max(window.devicePixelRatio, 1.5), 2)); // more than 1: smooth edges
    this.renderer.setSize(width, height, false);
    const size = this.renderer.getDrawingBufferSize(new this.THREE.Vector2());
    this.target.setSize(size.x, size.y);
    this.screen.material.uniforms.pixel.value.set(1 / size.x, 1 / size.y);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.material.uniforms.pointSize.value = (this.spacing ?? 0.05) * POINT_OVERLAP * (size.y / 2);
    this.draw();
  }

  draw() {
    if (this.waiting || !this.object) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.drawNow(); });
  }

  drawNow() {
    const { renderer, camera, screen } = this;
    const distance = camera.position.distanceTo(this.controls.target) + this.box.getSize(new this.THREE.Vector3()).length();
    camera.near = Math.max(0.02, distance / 2000);
    camera.far = 2 * distance;
    camera.updateProjectionMatrix();
    Object.assign(screen.material.uniforms.near, { value: camera.near });
    Object.assign(screen.material.uniforms.far, { value: camera.far });
    renderer.setRenderTarget(this.target);
    renderer.setClearColor(0xffffff, 1);
    renderer.clear();
    renderer.render(this.scene, camera);
    renderer.setRenderTarget(null);
    renderer.render(screen, camera);
  }

  /** The number of the point at a place on the canvas (CSS pixels), or of the nearest around it; -1 = none. */
  pick(x, y) {
    const { renderer, camera, pickTarget, material: { uniforms } } = this;
    const whole = uniforms.pointSize.value;
    camera.setViewOffset(this.canvas.clientWidth, this.canvas.clientHeight, x - PICKED / 2, y - PICKED / 2, PICKED, PICKED);
    uniforms.pointSize.value = this.spacing * POINT_OVERLAP * (PICKED / 2);
    uniforms.picking.value = true;
    if (this.frame) this.frame.visible = false;
    renderer.setRenderTarget(pickTarget);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(this.scene, camera);
    const codes = new Uint8Array(4 * PICKED * PICKED);
    renderer.readRenderTargetPixels(pickTarget, 0, 0, PICKED, PICKED, codes);
    renderer.setRenderTarget(null);
    if (this.frame) this.frame.visible = true;
    uniforms.picking.value = false;
    uniforms.pointSize.value = whole;
    camera.clearViewOffset();
    return nearestCode(codes) - 1;
  }

  /** Where a point lies on the canvas, CSS pixels. */
  placeOf(point) {
    const at = new this.THREE.Vector3().fromBufferAttribute(this.object.geometry.attributes.position, point);
    at.project(this.camera);
    return [((at.x + 1) / 2) * this.canvas.clientWidth, ((1 - at.y) / 2) * this.canvas.clientHeight];
  }
}
