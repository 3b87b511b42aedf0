// Prints what the test runner counted, and ends with 1 if anything failed or nothing was counted.
import { readFileSync } from "node:fs";

const [file, checks, exitCode] = process.argv.slice(2);
let report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTotalTestSuites: 0, testResults: [] };
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch (error) {
  console.log(`no report of the tests: ${error.message}`);
}
// A file that can't be loaded fails without a test in it.
const unloaded = report.testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.every((t) => t.status !== "failed")).length;
if (report.numPendingTests > 0) console.log(`${report.numPendingTests} skipped`);
let failed = report.numFailedTests + unloaded + Number(checks);
if (failed === 0 && (exitCode !== "0" || report.numPassedTests === 0)) failed = 1;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
