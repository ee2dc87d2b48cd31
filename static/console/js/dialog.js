// The dialog that shows what an act will do, and the toasts that say what was done.
import { refresh } from "./live.js";

const TOAST_MS = 6_000;
const dialog = document.getElementById("dialog");
const toasts = document.querySelector("[data-toasts]");

function toast(text) {
  if (!text) return;
  const element = document.createElement("div");
  element.className = "toast";
  element.textContent = text;
  toasts.append(element);
  setTimeout(() => element.remove(), TOAST_MS);
}

if (dialog) {
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail.ctx.target?.id === "dialog-body" && !dialog.open) dialog.showModal();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => document.getElementById("dialog-body").replaceChildren());
  document.addEventListener("acted", ({ detail }) => {
    dialog.close();
    toast(detail.message);
    refresh();
  });
  document.addEventListener("htmx:response:error", ({ detail }) => {
    const { status } = detail.ctx.response;
    const asked = detail.ctx.sourceElement.closest("button, a, form");
    if (asked && status !== 400 && status !== 409) toast(status === 403 ? toasts.dataset.refused : toasts.dataset.failed);
  });
  for (const element of toasts.children) setTimeout(() => element.remove(), TOAST_MS);
}
