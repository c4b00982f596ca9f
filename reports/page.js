// Optional: sorts tables by a column, and opens the annex for a link or for print.
(() => {
  const sort = (table, column, head) => {
    const rows = [...table.tBodies[0].rows];
    const total = rows.length && rows[rows.length - 1].className === "strong" ? rows.pop() : null;
    const descending = head.getAttribute("aria-sort") !== "descending";
    const numbers = rows.some((row) => row.cells[column].dataset.v !== undefined);
    const key = (row) => {
      const cell = row.cells[column];
      if (!numbers) return cell.textContent;
      return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
    };
    rows.sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const order = numbers ? x - y : x.localeCompare(y, document.documentElement.lang);
      return descending === numbers ? -order : order;
    });
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    table.tBodies[0].append(...rows, ...(total ? [total] : []));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
  }
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) {
      fold.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });
  for (const link of document.querySelectorAll("a[href^='#']")) link.addEventListener("click", () => setTimeout(open));
  open();
})();
