// Pulumi's runner hands every .ts file that it loads itself to ts-node, which type-checks it on each run and refuses
// imports that end with ".ts". From here on, Node strips the types.
import "./index.ts";
