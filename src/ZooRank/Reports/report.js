// What the page can do beyond being read; everything is there without it. Text from data is only ever set as text.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const make = (name, properties = {}) => Object.assign(document.createElement(name), properties);

  // Theme: the system's, unless chosen; kept where the browser allows.
  const root = document.documentElement, theme = document.getElementById("theme"), themes = ["system", "dark", "light"];
  const remembered = () => { try { return localStorage.getItem("zoorank-theme"); } catch { return null; } };
  const use = name => {
    if (name === "system") delete root.dataset.theme; else root.dataset.theme = name;
    theme.textContent = name === "system" ? "Theme: as the system" : "Theme: " + name;
    theme.value = name;
  };
  use(themes.includes(remembered()) ? remembered() : "system");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    use(themes[(themes.indexOf(theme.value) + 1) % themes.length]);
    try { localStorage.setItem("zoorank-theme", theme.value); } catch { /* not kept */ }
  });

  // Tables: a button in each heading sorts by that column; what has no number stays last.
  for (const table of all("table.sortable")) {
    const headings = all("thead th", table), body = table.tBodies[0];
    headings.forEach((heading, column) => {
      const button = make("button", { type: "button" });
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const numeric = [...body.rows].some(row => row.cells[column].dataset.v !== undefined);
        const now = heading.getAttribute("aria-sort"), descending = now ? now === "ascending" : numeric;
        const key = row => { const cell = row.cells[column]; return numeric ? parseFloat(cell.dataset.v) : cell.textContent; };
        const compare = (a, b) => {
          const [x, y] = [key(a), key(b)];
          if (!numeric) return (descending ? -1 : 1) * x.localeCompare(y, "en", { numeric: true });
          return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : Number.isNaN(y) ? -1 : (descending ? y - x : x - y);
        };
        headings.forEach(h => h.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
        body.append(...[...body.rows].sort(compare));
      });
    });
  }

  // Points: their title beside the pointer, and by the arrow keys.
  const tip = document.body.appendChild(make("div", { className: "tip", hidden: true }));
  tip.setAttribute("aria-hidden", "true");
  const hide = () => { tip.hidden = true; all(".same").forEach(p => p.classList.remove("same")); };
  const show = point => {
    hide();
    const [name, ...rest] = point.dataset.text.split("\n");
    tip.replaceChildren(make("b", { textContent: name, dir: "auto" }), rest.join("\n"));
    const same = point.dataset.i === undefined ? [] : all(".points path[data-i='" + point.dataset.i + "']");
    const picture = [point, ...same].map(p => p.dataset.picture).find(uri => uri);
    if (picture) tip.append(make("img", { src: picture, alt: "" }));
    same.forEach(p => p.classList.add("same"));
    tip.hidden = false;
    const at = point.getBoundingClientRect(), size = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(at.right + 8, innerWidth - size.width - 4)) + "px";
    tip.style.top = Math.max(4, at.top - size.height - 6) + "px";
  };
  for (const plot of all("svg.plot")) {
    const points = all(".points path", plot);
    if (points.length === 0) continue;
    // An image has no parts; a group of images has.
    plot.setAttribute("role", "group");
    points.forEach((point, i) => {
      const title = point.querySelector("title");
      point.dataset.text = title.textContent.trim();
      title.remove();
      point.setAttribute("role", "img");
      point.setAttribute("aria-label", point.dataset.text.replace("\n", ": "));
      point.setAttribute("tabindex", i === 0 ? "0" : "-1");
      point.addEventListener("pointerenter", () => show(point));
      point.addEventListener("pointerleave", hide);
      point.addEventListener("focus", () => show(point));
      point.addEventListener("blur", hide);
      point.addEventListener("keydown", event => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (event.key === "Escape") hide();
        if (!step) return;
        event.preventDefault();
        const next = points[(i + step + points.length) % points.length];
        point.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
  }

  // An accordion of alternatives becomes a list to choose from.
  for (const choice of all(".choice")) {
    const bodies = all(":scope > details", choice), select = make("select");
    bodies.forEach((body, i) => select.append(make("option", { value: i, textContent: body.querySelector("summary").textContent, selected: body.open })));
    select.addEventListener("change", () => { bodies[select.value].open = true; });
    const label = make("label", { textContent: choice.dataset.label });
    label.append(select);
    choice.prepend(label);
    choice.classList.add("ready");
  }

  for (const box of all(".copy")) {
    const button = make("button", { type: "button", textContent: "Copy" }), text = box.querySelector("pre");
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(text.textContent); button.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(text); button.textContent = "Selected"; }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.append(button);
  }
})();
