/** Height of an element at most, in CSS pixels; browsers draw nothing right beyond 17 to 33 million. */
export const TALLEST = 12_000_000;

/**
 * Scrolls content that is taller than an element can be. What the scroll bar says is `physical`; where the reader is in
 * the content is `virtual`. Small movements move both by as much, so that the wheel and the keys feel as always; large
 * ones (a dragged thumb) go to the same share of the content. Shorter content is scrolled as it is.
 */
export class ScaledScroll {
  #content = 0;
  #viewport = 0;
  #physical = 0;
  #virtual = 0;

  /** Takes new heights in; the place in the content stays, as far as it is still there. */
  resize(content: number, viewport: number): void {
    this.#content = content;
    this.#viewport = viewport;
    this.#virtual = this.#clamp(this.#virtual);
    this.#physical = this.#isTall ? this.#within(this.#physical) : this.#virtual;
  }

  /** Height that the scrolled element has to have. */
  get height(): number {
    return Math.min(this.#content, TALLEST);
  }

  /** Top of what is visible, in the content. */
  get virtual(): number {
    return this.#virtual;
  }

  /** How much further up than in the content something has to be drawn. */
  get offset(): number {
    return this.#virtual - this.#physical;
  }

  /** Takes a movement of the scroll bar in. @returns where the scroll bar has to be put; where it is, as a rule */
  scrolled(physical: number): number {
    const by = physical - this.#physical;
    this.#physical = physical;
    if (!this.#isTall) this.#virtual = physical;
    else if (Math.abs(by) <= this.#viewport) this.#virtual = this.#clamp(this.#virtual + by);
    else this.#virtual = this.#clamp(physical * this.#scale);
    return this.#keepApart();
  }

  /** Goes to a place in the content. @returns where the scroll bar has to be put */
  moveTo(virtual: number): number {
    const to = this.#clamp(virtual);
    const by = to - this.#virtual;
    this.#virtual = to;
    if (!this.#isTall) this.#physical = to;
    else this.#physical = Math.abs(by) <= this.#viewport ? this.#within(this.#physical + by) : to / this.#scale;
    return this.#keepApart();
  }

  /** At one end and not the other, the scroll bar would be stuck: it goes to where its place in the content is. */
  #keepApart(): number {
    if (!this.#isTall) return this.#physical;
    const last = this.height - this.#viewport;
    const stuckAbove = this.#physical <= 0 !== this.#virtual <= 0;
    const stuckBelow = this.#physical >= last !== this.#virtual >= this.#content - this.#viewport;
    if (stuckAbove || stuckBelow) {
      // Never onto an end that is not the content's.
      const share = this.#virtual / this.#scale;
      const [least, most] = [this.#virtual <= 0 ? 0 : 1, this.#virtual >= this.#content - this.#viewport ? last : last - 1];
      this.#physical = Math.max(least, Math.min(most, share));
    }
    return this.#physical;
  }

  get #isTall(): boolean {
    return this.#content > TALLEST;
  }

  get #scale(): number {
    return (this.#content - this.#viewport) / Math.max(1, this.height - this.#viewport);
  }

  #clamp(virtual: number): number {
    return Math.max(0, Math.min(Math.max(0, this.#content - this.#viewport), virtual));
  }

  #within(physical: number): number {
    return Math.max(0, Math.min(Math.max(0, this.height - this.#viewport), physical));
  }
}
