// Ticking sagas for a bulk act: one, a range with Shift, the whole page; and how many are ticked.
let last = null;

const boxes = () => [...document.querySelectorAll("input[name=saga]")];

function show() {
  const bar = document.getElementById("bulk-bar");
  if (!bar) return;
  const all = boxes();
  const ticked = all.filter((box) => box.checked).length;
  const page = document.querySelector("input[data-tick-page]");
  page.checked = ticked > 0 && ticked === all.length;
  page.indeterminate = ticked > 0 && ticked < all.length;
  const chosen = bar.querySelector("[data-chosen]");
  const text = bar.elements.all.checked ? chosen.dataset.all : chosen.dataset.some.replace("#", ticked);
  if (chosen.textContent !== text) chosen.textContent = text;
}

function tickPage(on) {
  for (const box of boxes()) box.checked = on;
  if (!on) document.getElementById("bulk-bar").elements.all.checked = false;
  show();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches("input[name=saga]")) {
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(target)].sort((one, other) => one - other);
    if (event.shiftKey && from >= 0) for (const box of all.slice(from, to + 1)) box.checked = target.checked;
    last = target;
  }
  const page = target.closest("[data-tick-page]");
  if (page) tickPage(page.matches("input") ? page.checked : page.dataset.tickPage === "on");
});
document.addEventListener("change", show);
document.addEventListener("htmx:after:swap", show);
addEventListener("pageshow", show);
