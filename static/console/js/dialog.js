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
    const { target } = detail.ctx;
    // Also told when an answer is an error, of which nothing was swapped in.
    if (target?.id === "dialog-body" && target.childElementCount && !dialog.open) dialog.showModal();
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
  // What somebody pressed, not a part that fetches itself again.
  const pressed = ({ ctx }) => ctx?.sourceElement?.matches("button, a, form, input, select");
  document.addEventListener("htmx:response:error", ({ detail }) => {
    const { status } = detail.ctx.response;
    if (pressed(detail) && status !== 400 && status !== 409) toast(status === 403 ? toasts.dataset.refused : toasts.dataset.failed);
  });
  // No answer at all: the connection is lost.
  document.addEventListener("htmx:error", ({ detail }) => pressed(detail) && toast(toasts.dataset.failed));
  for (const element of toasts.children) setTimeout(() => element.remove(), TOAST_MS);
}
