/** The type of an embedded cluster's resource. Public: it is in every state, so a change needs an alias. */
export const EMBEDDED_CLUSTER = "weft-native:cluster:Kwok";

/** Where embedded clusters have their files, from the project's folder: each in `clusters/<name>`. */
export const EMBEDDED_FOLDER = ".weft/kwok";
