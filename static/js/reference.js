// What the API reference can do with a script: send requests, copy, remember the language, show where one is.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* switched off */ } };
const recall = (name) => { try { return localStorage.getItem(name); } catch { return null; } };

for (const part of all(".needs-script")) part.hidden = false;

// Theme
document.querySelector("[data-theme-toggle]").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
});

// One choice of language for the whole page, without moving what the reader looks at.
const choose = (language) => {
  for (const radio of all(`.example-tabs input[value="${language}"]`)) radio.checked = true;
};
const known = recall("language");
if (["curl", "python", "javascript"].includes(known)) choose(known);
document.addEventListener("change", (event) => {
  if (!event.target.matches(".example-tabs input")) return;
  const before = event.target.getBoundingClientRect().top;
  choose(event.target.value);
  remember("language", event.target.value);
  scrollBy({ top: event.target.getBoundingClientRect().top - before, behavior: "instant" });
});

// Copy what is shown, with the pasted key in its place.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-example]");
  if (!button) return;
  const shown = all(".code[data-language]", button.closest(".example")).find((code) => code.offsetParent);
  await navigator.clipboard.writeText(withKey(shown.textContent));
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
});

// The key lives in the field and nowhere else.
const key = document.getElementById("api-key");
const withKey = (text) => (key.value ? text.replaceAll("YOUR_API_KEY", key.value.trim()) : text);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  const status = form.querySelector("[role=status]");
  const answer = form.querySelector(".answer");
  if (!key.value.trim()) {
    status.textContent = "Paste an API key at the top of the page first.";
    key.focus();
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  status.textContent = "Sending…";
  try {
    const started = performance.now();
    const response = await fetch(addressOf(form), requestOf(form));
    const text = await response.text();
    status.textContent = `${response.status} ${response.statusText} in ${Math.round(performance.now() - started)} ms`;
    answer.textContent = readable(text);
    answer.hidden = false;
  } catch (error) {
    status.textContent = `The request did not get through: ${error.message}`;
  } finally {
    button.disabled = false;
  }
});

const addressOf = (form) => {
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const [name, value] of new FormData(form)) {
    const [kind, field] = name.split(":");
    if (kind === "path") path = path.replace(`{${field}}`, encodeURIComponent(value.trim()));
    if (kind === "query" && value) query.set(field, value);
  }
  return query.size ? `${path}?${query}` : path;
};

const requestOf = (form) => {
  const method = form.dataset.method;
  const headers = { Authorization: `Bearer ${key.value.trim()}` };
  if (method === "GET") return { headers };
  headers["Content-Type"] = "application/json";
  headers["Idempotency-Key"] = crypto.randomUUID?.() ?? `page-${Date.now()}-${Math.random()}`;
  return { method, headers, body: form.elements.body?.value ?? "{}" };
};

const readable = (text) => {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text.slice(0, 20000); }
};

// Where one is: the section's operations unfold in the navigation.
const links = new Map(all("[data-nav]").map((link) => [link.dataset.nav, link]));
const mark = (id) => {
  const link = links.get(id);
  if (!link || link.hasAttribute("aria-current")) return;
  const section = document.getElementById(id).closest(".section")?.id ?? id;
  for (const other of links.values()) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  for (const group of all(".nav-operations")) group.hidden = group.dataset.of !== section;
  link.scrollIntoView({ block: "nearest" });
};
const watched = all("#top, .section, article.operation");
const look = () => {
  const line = innerHeight / 4;
  const passed = watched.filter((part) => part.getBoundingClientRect().top <= line);
  if (passed.length) mark(passed.at(-1).id);
};
let waiting = false;
addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; look(); });
}, { passive: true });
look();

// On a narrow screen the navigation closes once a link was followed.
document.getElementById("nav").addEventListener("click", (event) => {
  const nav = event.currentTarget;
  if (event.target.closest("a") && nav.matches(":popover-open")) nav.hidePopover();
});
