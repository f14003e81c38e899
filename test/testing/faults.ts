import { effectFaults, refusalFaults, rotationFaults } from "./faults/change-faults.ts"
import { countFaults } from "./faults/count-faults.ts"
import { externalIndexFaults } from "./faults/external-index-faults.ts"
import type { Fault } from "./faults/fault.ts"
import { hitFaults } from "./faults/hit-faults.ts"
import { lifecycleFaults } from "./faults/lifecycle-faults.ts"
import { loginFaults } from "./faults/login-faults.ts"
import { readingFaults } from "./faults/reading-faults.ts"
import { recordFaults } from "./faults/record-faults.ts"
import { sharingFaults } from "./faults/sharing-faults.ts"
import { sweepFaults } from "./faults/sweep-faults.ts"
import { userIndexFaults } from "./faults/user-index-faults.ts"
import { writingFaults } from "./faults/writing-faults.ts"

export const faults: readonly Fault[] = [
  ...refusalFaults,
  ...effectFaults,
  ...rotationFaults,
  ...recordFaults,
  ...loginFaults,
  ...readingFaults,
  ...writingFaults,
  ...sweepFaults,
  ...sharingFaults,
  ...userIndexFaults,
  ...externalIndexFaults,
  ...countFaults,
  ...hitFaults,
  ...lifecycleFaults,
]
