(function () {
  "use strict";

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  // ---- one part: filter, chips, count ------------------------------------------------------------------

  /* A query that is the whole text of some cell means that text alone: 一线 does not find 新一线. */
  function finder(rows, query) {
    var words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
    var tests = words.map(function (word) {
      var exact = rows.some(function (row) { return row.cells.indexOf(word) >= 0; });
      return function (row) {
        return exact ? row.cells.indexOf(word) >= 0 : row.text.indexOf(word) >= 0;
      };
    });
    return function (row) { return tests.every(function (test) { return test(row); }); };
  }

  function part(section) {
    var input = section.querySelector("input[type=search]");
    if (!input) { return; }
    var count = section.querySelector(".count");
    var chips = section.querySelectorAll(".chip");
    var sums = section.querySelectorAll(".sums tr");
    var rows = Array.prototype.map.call(section.querySelectorAll("tbody.rows tr"), function (element) {
      var find = (element.getAttribute("data-find") || "").toLowerCase();
      var cells = Array.prototype.map.call(element.children, function (cell) {
        return cell.textContent.trim().toLowerCase();
      });
      return {
        element: element,
        area: element.getAttribute("data-area") || "",
        cells: cells.concat(find.split(/\s+/)),
        text: (element.textContent + " " + find).toLowerCase()
      };
    });

    function apply() {
      var area = "";
      each(chips, function (chip) {
        if (chip.getAttribute("aria-pressed") === "true") { area = chip.getAttribute("data-area"); }
      });
      var wanted = finder(rows, input.value);
      var shown = 0;
      rows.forEach(function (row) {
        var keep = wanted(row) && (!area || row.area === area);
        row.element.hidden = !keep;
        shown += keep ? 1 : 0;
      });
      each(sums, function (sum) {
        var own = sum.getAttribute("data-area");
        sum.hidden = Boolean(area) && own !== area;
      });
      count.textContent = area || input.value.trim() ? "显示 " + shown + " / " + rows.length : "";
    }

    input.addEventListener("input", apply);
    each(chips, function (chip) {
      chip.addEventListener("click", function () {
        var on = chip.getAttribute("aria-pressed") === "true";
        each(chips, function (other) { other.setAttribute("aria-pressed", "false"); });
        chip.setAttribute("aria-pressed", on ? "false" : "true");
        apply();
      });
    });
  }

  // ---- maps ------------------------------------------------------------------------------------------------

  function maps(box) {
    var buttons = box.querySelectorAll("button[data-map]");
    each(buttons, function (button) {
      button.addEventListener("click", function () {
        var wanted = button.getAttribute("data-map");
        each(buttons, function (other) {
          other.setAttribute("aria-pressed", other === button ? "true" : "false");
        });
        each(box.querySelectorAll("figure[data-map]"), function (figure) {
          figure.hidden = figure.getAttribute("data-map") !== wanted;
        });
      });
    });
  }

  // ---- sorting ---------------------------------------------------------------------------------------------

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
    var body = table.querySelector("tbody.rows");
    var numeric = body.rows.length && body.rows[0].children[column].classList.contains("n");
    if (!header.hasAttribute("aria-sort") && !numeric) { descending = false; }
    each(table.querySelectorAll("th[aria-sort]"), function (other) { other.removeAttribute("aria-sort"); });
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    Array.prototype.slice.call(body.rows)
      .map(function (row, at) { return { row: row, key: key(row, column), at: at }; })
      .sort(function (a, b) {
        if (a.key === null || b.key === null) { return (a.key === null) - (b.key === null) || a.at - b.at; }
        return (descending ? -1 : 1) * compare(a.key, b.key) || a.at - b.at;
      })
      .forEach(function (item) { body.appendChild(item.row); });
  }

  each(document.querySelectorAll("section"), part);
  each(document.querySelectorAll(".map"), maps);
  each(document.querySelectorAll("thead button"), function (button) {
    button.addEventListener("click", function () { sort(button.parentNode); });
  });
}());
