// Everything the console does in the browser apart from htmx. Pages work without it; this makes them live.
import "./live.js";
import "./time.js";
import "./dialog.js";
import "./keys.js";
import "./shortcuts.js";
import "./ticks.js";
