// Small conveniences: copy buttons, menus that close, filters that apply at once, `/` to search.
const COPIED_MS = 1_600;
const words = JSON.parse(document.body.dataset.liveWords ?? "{}");

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure origin there is no clipboard; the old command still works.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.classList.add("is-done");
  const label = button.querySelector(".hush, .word");
  const before = label.textContent;
  if (before !== words.copied) {
    label.textContent = words.copied;
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("is-done");
    }, COPIED_MS);
  }
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu === except) continue;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-copy]");
  if (button) copy(button);
  closeMenus(target.closest("[data-menu]"));
});

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-print]")) print();
  const wrong = target.closest("[data-line]");
  if (wrong) goToLine(wrong.closest("form").querySelector("textarea"), Number(wrong.dataset.line));
});

// Selects a line of the text and brings it into sight.
function goToLine(area, line) {
  const lines = area.value.split("\n");
  const begin = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(begin, begin + lines[line - 1].length);
  const height = parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max((line - 4) * height, 0);
  area.scrollIntoView({ block: "nearest" });
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-apply]")) target.form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closeMenus();
    if (document.activeElement.matches("[data-find]")) document.activeElement.blur();
  }
  // A link that looks and is announced as a button is pressed like one, too.
  if (event.key === " " && !event.repeat && event.target.matches("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable], dialog");
  const off = document.body.dataset.shortcuts === "off";
  if (event.key === "/" && !off && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.querySelector("[data-find]")?.select();
  }
});

// On a narrow screen the navigation is wider than the page: where one is stands in sight.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Empty fields would only make the address longer.
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-filters]")) return;
  for (const field of target.elements) if (field.name && !field.value) field.disabled = true;
});
// A second click on a form that leaves the page would only be told that the first one came before it.
document.addEventListener("submit", (event) => {
  const { target } = event;
  if (!target.matches("[data-once]")) return;
  if (target.dataset.once === "sent") event.preventDefault();
  target.dataset.once = "sent";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) form.dataset.once = "";
});
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
});
