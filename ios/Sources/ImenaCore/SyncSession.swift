import Dispatch

/// How a sync ended.
public struct Synced: Hashable, Sendable {
  /// Whether there was nothing left to do; else nothing moved any more.
  public let isDone: Bool
  /// What was sent, and what is missing.
  public let summary: TransferSummary
}

/// Performs what the core plans, with one hub after the other until one answers.
struct SyncSession: Sendable {
  let store: FieldStore
  let performer: any TransferPerforming
  let queue: DispatchQueue
  let onNews: @Sendable (TransferChange) -> Void

  /// Longest sleep between two questions to the core.
  private static let waitMsMax: UInt64 = 1_000

  /// Runs to the end of a session; gives its desk, which may be used once more.
  func run(
    cost: LinkCost,
    purpose: TransferPurpose,
    patienceMs: UInt64
  ) async throws -> (synced: Synced, desk: TransferDesk) {
    let hubs = try await blocking(on: queue) { try store.listHubs() }
    for (index, hub) in hubs.enumerated() {
      let isLast = index == hubs.count - 1
      let desk = try await blocking(on: queue) {
        try store.beginTransfers(hub: hub, cost: cost, purpose: purpose)
      }
      let ended = try await exchanges(desk, patienceMs: isLast ? patienceMs : 0)
      if ended.hasAnswered || isLast {
        let summary = try calling { try desk.summary() }
        return (Synced(isDone: ended.isDone, summary: summary), desk)
      }
    }
    throw ImenaFailure.noHub
  }

  private func exchanges(
    _ desk: TransferDesk,
    patienceMs: UInt64
  ) async throws -> (isDone: Bool, hasAnswered: Bool) {
    var hasAnswered = false
    var lastProgress = ContinuousClock.now
    while true {
      // An exchange that was cancelled is not reported; the next session does it again.
      try Task.checkCancellation()
      switch try await blocking(on: queue, { try desk.planTransfer() }) {
      case .done:
        return (true, hasAnswered)
      case .wait(let waitMs):
        if ContinuousClock.now - lastProgress >= .milliseconds(Int64(clamping: patienceMs)) {
          return (false, hasAnswered)
        }
        try await Task.sleep(for: .milliseconds(Int64(min(waitMs, Self.waitMsMax))))
      case .perform(let job):
        let performed = try await performer.perform(job)
        let changes = try await blocking(on: queue) {
          switch performed {
          case .reply(let reply): try desk.acceptReply(jobId: job.jobId, reply: reply)
          case .failed(let failure): try desk.reportFailure(jobId: job.jobId, failure: failure)
          }
        }
        if case .reply = performed { hasAnswered = true }
        changes.forEach(onNews)
        if try calling({ try desk.summary() }).failures == 0 { lastProgress = ContinuousClock.now }
      }
    }
  }
}
