/** The colour that a CSS variable has now, for files that leave the page; the text colour where it has none. */
export function resolveVariable(variable: string): string {
  const style = getComputedStyle(document.body);
  return style.getPropertyValue(variable).trim() || style.color;
}
