"use strict";
(function () {
  var form = document.getElementById("search");
  var wanted = document.getElementById("wanted");
  var shown = document.getElementById("shown");
  var tables = Array.prototype.map.call(document.querySelectorAll(".table"), function (section) {
    var name = section.querySelector("h3").textContent.toLowerCase();
    var rows = Array.prototype.map.call(section.querySelectorAll("tbody tr"), function (row) {
      return { row: row, text: name + " " + row.textContent.toLowerCase() };
    });
    return { section: section, rows: rows };
  });
  function show() {
    var words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    var found = 0;
    tables.forEach(function (table) {
      var before = found;
      table.rows.forEach(function (one) {
        var fits = words.every(function (word) { return one.text.indexOf(word) >= 0; });
        one.row.hidden = !fits;
        found += fits ? 1 : 0;
      });
      table.section.hidden = words.length > 0 && found === before;
    });
    shown.textContent = words.length === 0 ? "" : found === 1 ? "1 column" : found + " columns";
  }
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  wanted.addEventListener("input", show);
  form.hidden = false;
  show();
})();
