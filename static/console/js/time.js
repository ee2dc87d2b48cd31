// Relative times that tick. The words are the server's, so nothing jumps when the page is taken over.
const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const words = JSON.parse(document.body.dataset.timeWords ?? "{}");
const ahead = Number(document.documentElement.dataset.now) * 1000 - Date.now();
const decimal = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// The server writes times in the browser's own zone, unless the reader has chosen another.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `browser_zone=${zone}; path=/; max-age=31536000; SameSite=Lax`;

function duration(seconds) {
  if (seconds < 1) return `${Math.max(Math.round(seconds * 1000), 0)} ms`;
  if (seconds < 10) return `${decimal.format(seconds)} s`;
  const whole = Math.floor(seconds);
  for (const [index, [unit, size]] of units.entries()) {
    if (whole < size) continue;
    const [smaller, below] = units[index + 1] ?? [];
    const rest = below ? Math.floor((whole % size) / below) : 0;
    return rest ? `${Math.floor(whole / size)} ${unit} ${rest} ${smaller}` : `${Math.floor(whole / size)} ${unit}`;
  }
}

function relative(seconds) {
  const size = Math.abs(Math.trunc(seconds));
  if (size < 3) return words.now;
  const [unit, length] = units.find(([, length]) => size >= length);
  return (seconds < 0 ? words.ahead : words.ago).replace("%(time)s", `${Math.floor(size / length)} ${unit}`);
}

function tick() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("time[data-ago], time[data-since], time[data-until]")) {
    const past = (now - Date.parse(time.dateTime)) / 1000;
    let text = "ago" in time.dataset ? relative(past) : "since" in time.dataset ? ticking(past) : ticking(Math.max(-past, 0));
    if (time.textContent !== text) time.textContent = text;
  }
}

// Below ten seconds a ticking time counts whole seconds: tenths that jump once a second would only look broken.
function ticking(seconds) {
  return seconds < 10 ? `${Math.max(Math.floor(seconds), 0)} s` : duration(seconds);
}

if (words.ago) {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:after:swap", tick);
}
