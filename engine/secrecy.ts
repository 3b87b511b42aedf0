import { containsSecret, isMap, type PropertyMap, type PropertyValue, Secret } from "./property.ts";

/**
 * `received` with everything secret that is secret in `sent`, key by key: for an answer of somebody who was told secrets
 * in plain text. Maps are followed, so that one secret does not hide a whole object; a list with a secret in it becomes
 * secret as a whole, because its order may not be kept.
 */
export function restoreSecrecy(received: PropertyMap, sent: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(received).map(([key, value]): [string, PropertyValue] => {
      const told = Object.hasOwn(sent, key) ? sent[key] : undefined;
      if (!containsSecret(told)) return [key, value];
      return [key, isMap(value) && isMap(told) ? restoreSecrecy(value, told) : new Secret(value)];
    }),
  );
}
