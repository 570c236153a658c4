(function () {
  "use strict";
  var filter = document.getElementById("filter");
  var count = document.getElementById("count");
  var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr"));

  function apply() {
    var words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      var keep = words.every(function (word) { return text.indexOf(word) >= 0; });
      row.hidden = !keep;
      shown += keep ? 1 : 0;
    });
    count.textContent = words.length ? "显示 " + shown + " / " + rows.length : "";
  }

  function key(row, column) {
    var cell = row.children[column];
    var text = cell.hasAttribute("data-sort") ? cell.getAttribute("data-sort") : cell.textContent;
    var number = parseFloat(text);
    return text === "" ? null : /^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? number : text;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") { return a - b; }
    return String(a).localeCompare(String(b), "zh-CN", { numeric: true });
  }

  function sort(header) {
    var table = header.closest("table");
    var column = Array.prototype.indexOf.call(header.parentNode.children, header);
    var descending = header.getAttribute("aria-sort") !== "descending";
    if (!header.hasAttribute("aria-sort") && column === 0) { descending = false; }
    Array.prototype.forEach.call(table.querySelectorAll("th[aria-sort]"), function (other) {
      other.removeAttribute("aria-sort");
    });
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    var body = table.tBodies[0];
    Array.prototype.slice.call(body.rows)
      .map(function (row, at) { return { row: row, key: key(row, column), at: at }; })
      .sort(function (a, b) {
        if (a.key === null || b.key === null) { return (a.key === null) - (b.key === null) || a.at - b.at; }
        return (descending ? -1 : 1) * compare(a.key, b.key) || a.at - b.at;
      })
      .forEach(function (item) { body.appendChild(item.row); });
  }

  filter.addEventListener("input", apply);
  Array.prototype.forEach.call(document.querySelectorAll("thead button"), function (button) {
    button.addEventListener("click", function () { sort(button.parentNode); });
  });
}());
