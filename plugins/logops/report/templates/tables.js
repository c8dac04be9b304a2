"use strict";
// The calendar of tables: a day is chosen by a click, by the arrow keys, or by the address `#table=CLUSTER/TENANT/DATE`.
const tableDays = JSON.parse(document.getElementById("table-days")?.textContent ?? "{}");
const DAY_MS = 86_400_000;

const dateOf = (first, offset) => new Date(Date.parse(first) + offset * DAY_MS).toISOString().slice(0, 10);

const explainDay = (key, date) => {
  const all = tableDays[key];
  const day = all && Math.round((Date.parse(date) - Date.parse(all.first)) / DAY_MS);
  const text = all?.texts[all.text[day]];
  const box = document.createElement("div");
  const add = (tag, content, parent = box) => {
    const element = document.createElement(tag);
    element.append(...[content].flat());
    parent.append(element);
    return element;
  };
  add("h4", `${date}  ${key.replace("/", " / ")}`);
  if (!text) {
    add("p", "Nothing is stored for this day: never written, or expired and deleted.");
    return box;
  }
  const [prefix, phase, action, tier] = text;
  const facts = add("dl", []);
  const fact = (name, value) => {
    add("dt", name, facts);
    add("dd", value, facts);
  };
  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const due = all.due[day];
  fact("table", `${prefix}${all.day + day}`);
  fact("phase", phase);
  fact("holds", `${count(all.chunks[day], "chunk")}, ${all.size[day]}${tier ? `, ${tier}` : ""}${all.tiers[day] ? `: ${all.tiers[day]}` : ""}`);
  fact("index", count(all.files[day], "file"));
  fact("next", due === null ? action : `${action}, by ${typeof due === "number" ? dateOf(date, due) : due}`);
  fact(
    "may go",
    all.from[day] === null
      ? "never: it is kept for ever"
      : `from ${dateOf(date, all.from[day])}, ${all.until[day] === null ? "a part is kept for ever" : `all of it from ${dateOf(date, all.until[day])}`}`,
  );
  const links = (all.found[day] ?? []).map(([name, id]) => {
    const link = document.createElement("a");
    link.href = `#finding=${id}`;
    link.textContent = name;
    return link;
  });
  fact("findings", links.length ? links.flatMap((link, number) => (number ? [", ", link] : [link])) : "none");
  fact("checked", all.checked);
  return box;
};

// Returns the element that explains a day, or null if the address names none.
function showDay(address) {
  const parts = /^table=(.*)\/(\d{4}-\d\d)-(\d\d)$/.exec(address);
  const calendar = parts && [...document.querySelectorAll(".calendar")].find((each) => each.dataset.key === parts[1]);
  if (!calendar) return null;
  const date = `${parts[2]}-${parts[3]}`;
  const output = calendar.closest(".tenant").querySelector(".explanation");
  output.replaceChildren(explainDay(parts[1], date));
  calendar.dataset.chosen = date;
  document.querySelector(".is-chosen")?.remove();
  const days = calendar.querySelector(`[data-month="${parts[2]}"] .days`);
  if (days) {
    const ring = document.createElement("i");
    ring.className = "is-chosen";
    ring.style.left = `${((Number(parts[3]) - 1) / 31) * 100}%`;
    ring.style.width = `${100 / 31}%`;
    days.append(ring);
  }
  return output;
}

const chooseDay = (address) => {
  const output = showDay(address);
  output.closest("details").open = true;
  history.replaceState(null, "", `#${address}`);
  remember(location.hash);
};

for (const element of document.querySelectorAll(".with-script")) element.hidden = false;
for (const calendar of document.querySelectorAll(".calendar")) {
  calendar.tabIndex = 0;
  calendar.addEventListener("click", (event) => {
    const days = event.target.closest(".days");
    const month = days?.parentElement.dataset.month;
    if (!month) return;
    event.preventDefault();
    const { left, width } = days.getBoundingClientRect();
    const day = Math.min(31, Math.max(1, Math.floor(((event.clientX - left) / width) * 31) + 1));
    const date = `${month}-${String(day).padStart(2, "0")}`;
    // Not every month has a 31st.
    if (Number.isNaN(Date.parse(date)) || !new Date(date).toISOString().startsWith(date)) return;
    chooseDay(`table=${calendar.dataset.key}/${date}`);
  });
  calendar.addEventListener("keydown", (event) => {
    const [days, months] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    const all = tableDays[calendar.dataset.key];
    if (days === undefined || !all) return;
    event.preventDefault();
    const last = dateOf(all.first, all.text.length - 1);
    const moved = new Date(calendar.dataset.chosen ?? last);
    if (calendar.dataset.chosen) moved.setUTCMonth(moved.getUTCMonth() + months, moved.getUTCDate() + days);
    const date = moved.toISOString().slice(0, 10);
    chooseDay(`table=${calendar.dataset.key}/${date < all.first ? all.first : date > last ? last : date}`);
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-day]");
  if (!link || !showDay(link.dataset.day)) return;
  event.preventDefault();
  location.hash = link.dataset.day;
});
