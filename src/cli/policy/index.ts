/**
 * What the configuration decides about people and requests, told so that it can be checked by hand and in CI.
 *
 * Owns the explanation of a decision (`doorward explain`), the comparison with what somebody expects (`doorward test`),
 * and the words of both. It decides nothing itself: mapping/ and access/ are asked as the gateway asks them. It does not
 * own arguments, files and exit codes (cli/).
 */
export { explanationOf } from './explanation.ts'
export { explanationTree } from './explanation-tree.ts'
export { createPolicy } from './policy.ts'
export { tryExpectation } from './trial.ts'
export { trialsReport, trialsText } from './trial-report.ts'
