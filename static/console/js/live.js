// The badge, the stream's state, and the one event ("refresh") on which every live part fetches itself again.
const FALLBACK_MS = 10_000;
const RESTART_MS = 2_000;
const badge = document.querySelector("[data-live]");
const words = JSON.parse(document.body.dataset.liveWords ?? "{}");
let connected = false;
let paused = false;

export function refresh() {
  if (!paused && !document.hidden) document.body.dispatchEvent(new CustomEvent("refresh"));
}

function show() {
  const state = paused ? "paused" : connected ? "live" : "lost";
  if (badge.dataset.state === state) return;
  badge.dataset.state = state;
  badge.setAttribute("aria-pressed", String(paused));
  badge.querySelector(".word").textContent = words[state];
}

function connection(is) {
  connected = is;
  show();
}

function connect() {
  document.getElementById("live-stream")?.remove();
  const stream = document.createElement("i");
  stream.id = "live-stream";
  stream.hidden = true;
  stream.setAttribute("hx-sse:connect", badge.dataset.live);
  stream.addEventListener("changed", refresh);
  stream.addEventListener("htmx:sse:after:connection", () => connection(true));
  stream.addEventListener("htmx:sse:error", () => connection(false));
  stream.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt > 0 && !document.hidden) connection(false);
  });
  // The extension tries again by itself once it was connected; before that, and when it gives up, we do.
  const restart = () => {
    connection(false);
    setTimeout(() => stream.isConnected && connect(), RESTART_MS);
  };
  stream.addEventListener("htmx:sse:close", restart);
  stream.addEventListener("htmx:response:error", restart);
  stream.addEventListener("htmx:error", restart);
  document.body.append(stream);
  htmx.process(stream);
}

if (badge) {
  badge.addEventListener("click", () => {
    paused = !paused;
    show();
    refresh();
  });
  connect();
  setInterval(refresh, FALLBACK_MS);
  document.addEventListener("visibilitychange", refresh);
}

// An update must not fold what the reader unfolded, nor make a ticking time jump.
htmx.registerExtension("console", {
  htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.matches("details")),
  htmx_before_morph_node: (_element, { oldNode, newNode }) =>
    !(oldNode.matches?.("time[datetime]") && newNode.outerHTML && same(oldNode, newNode)),
});

function same(one, other) {
  return [...other.attributes].every(({ name, value }) => one.getAttribute(name) === value);
}
