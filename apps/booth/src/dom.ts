// Elements made one by one: no markup is ever parsed, as Trusted Types demands.

type Child = Node | string | false | null | undefined;
type Handlers = { [K in 'click' | 'submit' | 'change' | 'copy']?: (event: Event) => void };

export interface Attributes {
  class?: string;
  on?: Handlers;
  [attribute: string]: string | number | boolean | undefined | Handlers;
}

/** An element with attributes (true: present; false, undefined: absent), listeners under `on`, and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'object') {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler as EventListener);
    } else if (value !== false && value !== undefined) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** Gives an element that is no control the focus, so that it is read out. */
export function focusOn(element: HTMLElement | null): void {
  if (!element) return;
  if (!element.matches('a,button,input,summary')) element.tabIndex = -1;
  element.focus();
}

/** A telephone link. */
export function phoneLink(phone: string): HTMLAnchorElement {
  return el('a', { href: `tel:${phone.replace(/[^+\d]/g, '')}` }, el('b', {}, phone));
}
