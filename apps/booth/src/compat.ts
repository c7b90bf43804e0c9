// What noble expects of newer browsers than those promised (Chrome 86, Firefox 80, Safari 14).
const constructor = Object as unknown as { hasOwn?: (object: object, key: PropertyKey) => boolean };
constructor.hasOwn ??= (object, key) => Object.prototype.hasOwnProperty.call(object, key);
export {};
