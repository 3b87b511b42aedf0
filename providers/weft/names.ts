/**
 * The provider's package. Not the project's name: a provider named like a config namespace receives all of that
 * namespace, secrets included, as its configuration.
 */
export const PACKAGE = "weft-native";

export const KWOK_TYPE = `${PACKAGE}:cluster:Kwok`;
