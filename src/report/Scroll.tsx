import type { ComponentChildren, VNode } from 'preact';

/** What may be wider than the page, scrolled by itself; by keyboard too, for which it has to take the focus. */
export function Scroll({ label, children }: { readonly label: string; readonly children: ComponentChildren }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is out of a keyboard's reach without it
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
