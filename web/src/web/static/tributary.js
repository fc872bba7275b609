// What is behind a figure, in a panel on the page. Without this its link leads to a page of its own.
"use strict";

const panel = document.getElementById("figure-panel");

if (panel) {
  for (const link of document.querySelectorAll(".figure-link")) {
    link.setAttribute("aria-haspopup", "dialog");
  }
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "figure-panel-body" && !panel.open) {
      panel.showModal(); // the browser keeps the keyboard in it, closes it on Escape, and goes back to the link
      panel.scrollTop = 0;
    }
  });
  const follow = (event) => {
    if (event.detail.elt.matches(".figure-link")) {
      window.location.assign(event.detail.elt.href);
    }
  };
  document.body.addEventListener("htmx:responseError", follow);
  document.body.addEventListener("htmx:sendError", follow);
}

// How far an import is, said politely when it has become more by a quarter; shown all the time.
const said = document.getElementById("run-said");

if (said) {
  document.body.addEventListener("htmx:afterSwap", () => {
    const words = document.querySelector("#run [data-said]").dataset.said;
    if (said.textContent !== words) {
      said.textContent = words;
    }
  });
}

// The file that was chosen, by name, and a way to think again.
const file = document.getElementById("file");

if (file) {
  const chosen = document.getElementById("file-chosen");
  const remove = document.getElementById("file-remove");
  const show = () => {
    const name = file.files.length ? file.files[0].name : "";
    chosen.textContent = name ? `Chosen: ${name}` : "No file is chosen.";
    chosen.hidden = false;
    remove.hidden = !name;
  };
  file.addEventListener("change", show);
  remove.addEventListener("click", () => {
    file.value = "";
    show();
    file.focus();
  });
}
