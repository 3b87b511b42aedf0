import { containsSecret, isMap, type PropertyMap, type PropertyValue, Secret } from "./property.ts";

/**
 * `received` with everything secret that is secret in `sent`, key by key: for an answer of somebody who was told secrets
 * in plain text. Maps are followed, so that one secret does not hide a whole object; a list with a secret in it becomes
 * secret as a whole, because its order may not be kept.
 */
export function restoreSecrecy(received: PropertyMap, sent: PropertyMap): PropertyMap {
  const changed = Object.entries(sent).flatMap(([key, told]): [string, PropertyValue][] => {
    const value = Object.hasOwn(received, key) ? received[key] : undefined;
    if (value === undefined || value instanceof Secret || !containsSecret(told)) return [];
    return [[key, isMap(value) && isMap(told) ? restoreSecrecy(value, told) : new Secret(value)]];
  });
  return changed.length === 0 ? received : { ...received, ...Object.fromEntries(changed) };
}
