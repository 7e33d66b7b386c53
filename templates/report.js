"use strict";
// Sorts and filters tables. The page is complete without it, so what it needs (buttons, fields) it makes itself.

for (const table of document.querySelectorAll("table.sortable")) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(table, head));
    head.replaceChildren(button);
  }
}

for (const table of document.querySelectorAll("table.filterable")) {
  const box = document.createElement("div");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const found = document.createElement("output");
  box.className = "filter";
  field.type = "search";
  field.id = `filter-${table.id}`;
  label.htmlFor = field.id;
  label.textContent = "Filter";
  box.append(label, field, found);
  table.closest(".scroll").before(box);
  field.addEventListener("input", () => filter(table, field.value, found));
  filter(table, "", found);
}

// A link into a part that is folded away unfolds it.
window.addEventListener("hashchange", unfold);
unfold();

function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = target; part; part = part.parentElement) {
    if (part instanceof HTMLDetailsElement) part.open = true;
  }
}

function sort(table, head) {
  const column = head.cellIndex;
  const numeric = head.classList.contains("number");
  const before = head.getAttribute("aria-sort");
  // Names begin with A, numbers with the largest.
  const descending = before ? before === "ascending" : numeric;
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [key(row.cells[column].textContent.trim(), numeric), row]);
  keyed.sort(([first], [second]) => compare(first, second, descending));
  body.append(...keyed.map(([, row]) => row));
}

function key(text, numeric) {
  if (!numeric) return text;
  const number = Number.parseFloat(text);
  return Number.isNaN(number) ? null : number;
}

// Cells without a number come last in either direction.
function compare(first, second, descending) {
  if (first === null || second === null) return (first === null) - (second === null);
  const order = typeof first === "number" ? first - second : first.localeCompare(second, "en");
  return descending ? -order : order;
}

function filter(table, wanted, found) {
  const text = wanted.trim().toLowerCase();
  const rows = table.tBodies[0].rows;
  let shown = 0;
  for (const row of rows) {
    row.hidden = !row.textContent.toLowerCase().includes(text);
    shown += row.hidden ? 0 : 1;
  }
  found.textContent = `${shown} of ${rows.length} rows`;
}
