package import Shared

/// A job the coordinator offers to this node (icl.md 1.4).
///
/// `deadline` is not kept: it is always 600 s from the poll and means nothing. `permit` belongs to a flow that a text
/// node does not take part in.
package struct Assignment: Sendable, Equatable {
    package enum Role: String, Sendable { case leader, verifier }

    package let job: JobID
    package let role: Role
    package let model: String
    /// Nil for jobs of the legacy risk mode, which cannot be served.
    package let promptCID: String?
    /// The requester as it was written; nil where that is no address.
    package let user: String?
    package let isInsured: Bool
    /// Nil where the coordinator does not know it yet; the claim says.
    package let keyHigh: CiphertextHandle?
    package let keyLow: CiphertextHandle?

    /// Why an item of the list was left out.
    package enum Fault: Error, Sendable, Hashable {
        case notAnObject, job, model, promptCID, handle
        /// The same job stood in the list before.
        case repeated
    }

    init(_ item: JSONValue) throws(Fault) {
        guard case .object = item else { throw .notAnObject }
        guard let job = item["jobId"]?.text.flatMap({ JobID($0) }) else { throw .job }
        guard let model = item["modelId"]?.plainText(upTo: 256) else { throw .model }
        self.job = job
        self.model = model
        // Whatever is not "leader" verifies, as in the published node (wire.md 3).
        role = item["role"]?.text == "leader" ? .leader : .verifier
        do { promptCID = try item.answerOptionalText("promptCid") } catch { throw .promptCID }
        user = item["userAddress"]?.text.flatMap { Assignment.isAddress($0) ? $0 : nil }
        isInsured = item["insuranceOptIn"]?.truth ?? false
        keyHigh = try Assignment.handle(item["kpHighHandle"])
        keyLow = try Assignment.handle(item["kpLowHandle"])
    }

    private static func handle(_ value: JSONValue?) throws(Fault) -> CiphertextHandle? {
        switch CiphertextHandle.read(value) {
        case .absent: return nil
        case .handle(let handle): return handle
        case .unreadable: throw .handle
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        text.hasPrefix("0x") && text.utf8.count == 42
            && text.utf8.dropFirst(2).allSatisfy { Hexadecimal.value($0) != nil }
    }
}

/// All offers of one poll. A bad item costs itself alone.
package struct AssignmentList: Sendable, Equatable {
    package let items: [Assignment]
    /// How many items were left out, by reason.
    package let refused: [Assignment.Fault: Int]

    init(_ answer: JSONValue) throws(CoordinatorError) {
        var items: [Assignment] = []
        var seen: Set<JobID> = []
        var refused: [Assignment.Fault: Int] = [:]
        for element in try answer.answer("assignments", \.elements) {
            do throws(Assignment.Fault) {
                let item = try Assignment(element)
                guard seen.insert(item.job).inserted else { throw .repeated }
                items.append(item)
            } catch { refused[error, default: 0] += 1 }
        }
        self.items = items
        self.refused = refused
    }
}
