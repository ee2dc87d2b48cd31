// The keyboard: rows by j and k, x marks, o opens, n goes to the next saga that needs somebody, ? explains. A person may
// switch single keys off; Ctrl-K, which needs a second key, always works.
const off = document.body.dataset.shortcuts === "off";
const help = document.getElementById("shortcuts");
const palette = document.getElementById("palette");
const ROWS = "#content :is(.table tbody > tr, .tasks > .task, .tiles > .tile)";

const link = (row) => row.querySelector("a.name[href], th a[href], td a[href]");
const rows = () => [...document.querySelectorAll(ROWS)].filter((row) => row.offsetParent && link(row));
const here = () => document.activeElement?.closest(ROWS);

function step(by) {
  const all = rows();
  const at = all.indexOf(here());
  const row = all[at === -1 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!row) return;
  link(row).focus();
  row.scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => step(1),
  k: () => step(-1),
  x: () => here()?.querySelector("input[type=checkbox]")?.click(),
  o: () => here() && link(here()).click(),
  n: () => document.querySelector("[data-key=n]")?.click(),
  "?": () => help.showModal(),
};

function typing(element) {
  return element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
}

document.addEventListener("keydown", (event) => {
  if (event.key === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
    event.preventDefault();
    open();
    return;
  }
  if (off || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const act = keys[event.key];
  if (!act || typing(event.target)) return;
  event.preventDefault();
  act();
});

// The palette: pages of the navigation and links of this page, and a search for whatever was typed.
const field = palette?.querySelector("input");
const list = palette?.querySelector("[role=listbox]");
let chosen = 0;

function targets() {
  const found = new Map();
  for (const target of document.querySelectorAll(".nav a, .panel a[href], .crumbs a, .head .actions a[href]:not([hx-get]), .views a")) {
    const words = target.innerText || target.textContent;
    const name = words.replace(/\s+/g, " ").trim();
    if (name && !found.has(target.href)) found.set(target.href, name);
  }
  return [...found].map(([href, name]) => ({ href, name }));
}

function offer() {
  const text = field.value.trim();
  const fitting = targets().filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  if (text) fitting.push({ href: `${palette.dataset.find}?q=${encodeURIComponent(text)}`, name: palette.dataset.search.replace("%s", text) });
  list.replaceChildren(...fitting.slice(0, 12).map(({ href, name }, index) => {
    const option = document.createElement("a");
    Object.assign(option, { href, textContent: name, id: `palette-${index}`, tabIndex: -1 });
    option.setAttribute("role", "option");
    return option;
  }));
  choose(0);
}

function choose(index) {
  const options = [...list.children];
  chosen = options.length ? (index + options.length) % options.length : 0;
  for (const [number, option] of options.entries()) option.setAttribute("aria-selected", String(number === chosen));
  options[chosen]?.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", options[chosen]?.id ?? "");
}

function open() {
  if (!palette || palette.open) return;
  field.value = "";
  offer();
  palette.showModal();
}

if (palette) {
  field.addEventListener("input", offer);
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") list.children[chosen]?.click();
    else return;
    event.preventDefault();
  });
}
for (const button of document.querySelectorAll("[data-shut]")) button.addEventListener("click", () => button.closest("dialog").close());
for (const button of document.querySelectorAll("[data-help]")) button.addEventListener("click", () => help.showModal());
