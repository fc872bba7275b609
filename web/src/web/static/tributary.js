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
  const follow = (event) => window.location.assign(event.detail.elt.href);
  document.body.addEventListener("htmx:responseError", follow);
  document.body.addEventListener("htmx:sendError", follow);
}
