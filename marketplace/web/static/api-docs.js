// Shows the served OpenAPI document; the key that a reader enters stays in this page.
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: document.getElementById("reader").dataset.document,
    dom_id: "#reader",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "none",
    tagsSorter: "alpha",
    validatorUrl: null,
  });
});
