import Inspection
import Testing

/// All places of a running node, looked at together.
struct NodeInspection {
    let node: ProcessView
    let folder: String

    /// Waits until so many workers have built their walls: theirs is the second filter, after that which hides
    /// memfd_secret.
    func settle(workers: Int) async throws {
        try await Security.wait(for: "\(workers) workers are ready") {
            let children = node.children
            return children.count == workers && children.allSatisfy { $0.status["Seccomp_filters"] == "2" }
        }
    }

    /// Supervisor and workers: memory, swap, what `/proc` shows; and the node's folder.
    ///
    /// - Parameters:
    ///   - canaries: the secrets that exist by now, and public texts by which the scan is known to see.
    ///   - busy: the worker that has a job, and what it is at; all others have none.
    func look(
        _ moment: String, _ canaries: [ScanOrder.Canary], busy: (pid: Int32, arena: Place, memory: Place)? = nil
    ) throws {
        let secrets = canaries.secrets
        let workers = node.children.map(\.pid)
        let all = [node.pid] + workers
        let kernelFiles: [Place] = [.environment, .commandLine, .mappings]
        let report = try Security.scan(
            ScanOrder(
                canaries, processes: all,
                paths: all.flatMap { pid in kernelFiles.map { NodeInspection.path($0, of: pid) } }))
        Place.supervisorArena.check(report.arena(node.pid), moment, secrets: secrets)
        let jobID = canaries.contains { $0.name == "job id" } ? ["job id"] : []
        Place.supervisorMemory.check(
            report.memory(node.pid), moment, secrets: secrets, shows: ["address"] + jobID)
        for worker in workers {
            let (arena, memory) =
                if let busy, busy.pid == worker { (busy.arena, busy.memory) } else { (Place.freshArena, .freshMemory) }
            arena.check(report.arena(worker), moment, secrets: secrets)
            memory.check(report.memory(worker), moment, secrets: secrets, shows: ["program"])
        }
        for pid in all {
            for place in kernelFiles {
                let variable = pid == node.pid ? "coordinator" : "worker's variable"
                place.check(
                    report.place(NodeInspection.path(place, of: pid)), moment, secrets: secrets,
                    shows: [place == .environment ? variable : "program"])
            }
            NodeInspection.expectUnswapped(ProcessView(pid))
        }
        try lookAtFiles(moment, canaries)
    }

    /// Every file of the node's folder. Those that name the node or its job must be seen to.
    func lookAtFiles(_ moment: String, _ canaries: [ScanOrder.Canary]) throws {
        let files = try Security.scan(ScanOrder(canaries, paths: [folder])).places
        for file in files {
            let place = Place(rawValue: String(file.name.dropFirst(folder.count + 1))) ?? .otherFile
            let shows: [String] =
                switch place {
                case .log, .configuration: ["address"]
                case .keystore: ["keystore's address"]
                default: []
                }
            place.check(file, moment, secrets: canaries.secrets, shows: shows)
        }
        // SQLite decides which of its files has the row by now.
        guard canaries.contains(where: { $0.name == "job id" }) else { return }
        let journal = files.filter { $0.name.contains("/journal.sqlite") && $0.count("job id") > 0 }
        #expect(!journal.isEmpty, "\(moment): the scan sees the job in the journal")
    }

    private static func path(_ place: Place, of pid: Int32) -> String {
        place.rawValue.replacing("PID", with: String(pid))
    }

    /// Nothing of the process is in swap, and its arena cannot get there: it is locked, whole.
    private static func expectUnswapped(_ process: ProcessView) {
        #expect(process.status["VmSwap"] == "0 kB")
        let regions = process.regions
        #expect(regions.allSatisfy { $0.sizes["Swap", default: 0] == 0 })
        let arena = regions.filter(\.isLocked)
        #expect(arena.count == 1, "\(process.name): one arena")
        for region in arena {
            #expect(region.sizes["Locked"] == region.sizes["Size"], "\(process.name)")
            #expect(region.flags.isSuperset(of: ["dd", "dc"]), "\(process.name): never dumped, never inherited")
        }
    }
}
