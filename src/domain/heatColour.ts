/**
 * Dark to light in even steps of lightness, from blue to yellow, so that it reads without colours as well (after cividis,
 * Nuñez et al., PLOS ONE 2018).
 */
export const HEAT_COLOURS = ['#00224e', '#35456c', '#666970', '#948e77', '#c8b866', '#fee838'] as const;

/**
 * Black or white, whichever stands out more on a fill (WCAG's relative luminance).
 * @param fill `rgb(r, g, b)`.
 */
export function inkOn(fill: string): string {
  const [r = 0, g = 0, b = 0] = (fill.match(/\d+/g) ?? []).map((part) => {
    const channel = Number(part) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}
