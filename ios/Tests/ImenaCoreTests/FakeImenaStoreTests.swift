import ImenaCore
import Testing

@Suite("The fake store")
struct FakeImenaStoreTests {
  private let store = FakeImenaStore()

  @Test func aLockedFakeShowsNothing() async throws {
    try await store.lock()
    await #expect(throws: ImenaFailure.locked) { _ = try await store.sites(.init()) }
    await #expect(throws: ImenaFailure.wrongPasscode) { _ = try await store.unlock(passcode: "0") }
    _ = try await store.unlock(passcode: "123456")
    #expect(try await store.sites(.init()).items == [])
  }

  @Test func oneCodeStandsForOneRecord() async throws {
    let site = try await store.recordSite(NewSite(placeCode: "LYS1", name: "Forest edge"))
    let grave = try await store.recordGrave(NewGrave(site: site.id))
    do {
      _ = try await store.recordGrave(NewGrave(site: site.id, code: grave.code))
      Issue.record("the code was given twice")
    } catch ImenaFailure.refused {}
    #expect(try await store.findCode(grave.code).subject == .grave(grave.id))
  }

  @Test func aLoopIsToldToLoadFirstAndThenWhatChanged() async throws {
    var changes = try store.changes().makeAsyncIterator()
    #expect(await changes.next()?.mustReload == true)
    let site = try await store.recordSite(NewSite(placeCode: "LYS1", name: "Forest edge"))
    #expect(await changes.next()?.subjects == [.site(site.id)])
  }

  @Test func theNextCallFailsAsItIsTold() async throws {
    await store.failNext(.storageFull(neededBytes: 2, freeBytes: 1))
    await #expect(throws: ImenaFailure.storageFull(neededBytes: 2, freeBytes: 1)) { _ = try await store.status() }
    #expect(try await store.status().deviceName == "T01")
  }

  @Test func pagesFollowEachOther() async throws {
    let site = try await store.recordSite(NewSite(placeCode: "LYS1", name: "Forest edge"))
    for _ in 0..<3 { _ = try await store.recordGrave(NewGrave(site: site.id)) }
    let first = try await store.graves(of: site.id, .init(limit: 2))
    let second = try await store.graves(of: site.id, .init(limit: 2, after: first.next))
    #expect(first.items.count == 2 && second.items.count == 1 && second.next == nil)
  }
}
