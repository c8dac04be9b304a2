"use strict";
// The page works without this script. It adds: Airflow's theme, links out of Airflow's frame, and shareable addresses.

// Airflow shows the page in a frame of the same origin. Anywhere else, `airflow` is null.
const airflow = (() => {
  try {
    return window.parent !== window && window.parent.document ? window.parent : null;
  } catch {
    return null; // a frame of another origin
  }
})();

// Airflow's theme is a class of its <html>.
if (airflow) {
  const root = airflow.document.documentElement;
  const mirror = () => {
    document.documentElement.dataset.theme = root.classList.contains("dark") ? "dark" : "light";
  };
  new MutationObserver(mirror).observe(root, { attributes: true, attributeFilter: ["class"] });
  mirror();
}

// The frame's sandbox allows neither pop-ups nor navigation of the top window. A link of Airflow's own document may do
// both, so a link out is clicked there.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-out]");
  if (!airflow || !link) return;
  event.preventDefault();
  const twin = airflow.document.createElement("a");
  twin.href = link.href;
  twin.rel = "noopener";
  if (event.ctrlKey || event.metaKey || event.shiftKey || link.target === "_blank") twin.target = "_blank";
  airflow.document.body.append(twin);
  twin.click();
  twin.remove();
});

// What scrolls sideways must scroll by the keyboard as well. On a phone that is more than on a desktop.
const scrollers = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const part of document.querySelectorAll(".scroll, .chart, pre")) scrollers.observe(part);

// `#finding=ID&filter=TEXT`: the first part is the id of an element, `filter` fills the box of the findings.
const box = document.getElementById("filter");
const readHash = (hash) => {
  const parts = hash.replace(/^#/, "").split("&").filter(Boolean);
  const filter = parts.find((part) => part.startsWith("filter="));
  return {
    id: decode(parts.find((part) => !part.startsWith("filter=")) ?? ""),
    filter: decode(filter?.slice("filter=".length) ?? ""),
  };
};
const decode = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const show = (id) => {
  document.querySelector(".is-target")?.classList.remove("is-target");
  const target = id && (document.getElementById(id) ?? showDay(id));
  if (!target) return;
  if (target.hidden || target.closest("[hidden]")) applyFilter("");
  for (let part = target; part; part = part.parentElement?.closest("details")) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  target.querySelector(":scope > details")?.setAttribute("open", "");
  target.classList.toggle("is-target", target.tagName !== "SECTION" && target.tagName !== "MAIN");
  target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
};

const count = document.getElementById("filter-count");
function applyFilter(text) {
  if (!box) return;
  if (box.value !== text) box.value = text;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const entry of document.querySelectorAll("[data-filter]")) {
    const content = `${entry.dataset.filter} ${entry.textContent}`.toLowerCase();
    entry.hidden = !words.every((word) => content.includes(word));
    if (!entry.hidden) left += 1;
  }
  count.textContent = words.length ? `${left} shown` : "";
}

// Airflow's address gets the same hash, so that a copied address leads here.
const remember = (hash) => {
  if (airflow) {
    const { pathname, search } = airflow.location;
    airflow.history.replaceState(airflow.history.state, "", pathname + search + hash);
  }
};

const follow = () => {
  const state = readHash(location.hash);
  applyFilter(state.filter);
  show(state.id);
  remember(location.hash);
};
window.addEventListener("hashchange", follow);

if (box) {
  box.closest(".filter").hidden = false;
  let timer;
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      applyFilter(box.value);
      const hash = box.value ? `#findings&filter=${encodeURIComponent(box.value)}` : "#findings";
      history.replaceState(null, "", hash);
      remember(hash);
    }, 150);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea")) return;
    event.preventDefault();
    box.focus();
  });
}

// Airflow opens its own address `/plugin/log-platform/logops-page/local#finding=ID` as this frame's address.
if (location.hash) follow();
