import { type Place, storeContract } from "../../src/testing/index.ts"
import { type Disk, ReferenceStore } from "./reference-store.ts"

const disks = new Map<string, Disk>()

function open({ now, place }: Place): ReferenceStore {
  const disk = disks.get(place) ?? new Map()
  disks.set(place, disk)
  return new ReferenceStore(now, disk)
}

storeContract("reference", { open, durable: true, reopen: open })
