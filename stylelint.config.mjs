// Likely mistakes in the page's styles. What is switched off is layout: short rules stand on one line here.
export default {
  extends: "stylelint-config-standard",
  rules: {
    "custom-property-empty-line-before": null,
    "declaration-block-single-line-max-declarations": null,
    "no-descending-specificity": null, // rules are grouped by the part of the page, not by specificity
    "value-keyword-case": ["lower", { ignoreProperties: ["/^--/"] }], // names of fonts
  },
};
