import type { ComponentChild, VNode } from 'preact';
import { escapeMarkup } from '../../src/domain/markup';

/**
 * The text of a drawing: virtual SVG nodes as SVG source, for files and tests. Components are not called; a drawing
 * is made of plain elements only.
 * @param resolve turns `var(--name)` into a colour that a file can carry; left alone where it is absent.
 */
export function svgText(node: ComponentChild, resolve: (variable: string) => string = (variable) => `var(${variable})`): string {
  if (node === null || node === undefined || typeof node === 'boolean') return '';
  if (Array.isArray(node)) return (node as ComponentChild[]).map((child) => svgText(child, resolve)).join('');
  if (typeof node !== 'object') return escapeMarkup(String(node));
  const { type, props } = node as VNode<Record<string, unknown>>;
  const children = svgText(props.children as ComponentChild, resolve);
  // A fragment.
  if (typeof type !== 'string') return children;
  const attributes = Object.entries(props)
    .filter(
      ([name, value]) =>
        name !== 'children' &&
        name !== 'aria-hidden' &&
        value !== undefined &&
        value !== null &&
        value !== false &&
        typeof value !== 'function',
    )
    .map(
      ([name, value]) =>
        ` ${name}="${escapeMarkup(String(value)).replace(/var\((--[\w-]+)\)/g, (_, variable: string) => escapeMarkup(resolve(variable)))}"`,
    )
    .join('');
  return children === '' ? `<${type}${attributes}/>` : `<${type}${attributes}>${children}</${type}>`;
}
