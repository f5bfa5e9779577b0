import Foundation
import ImenaBindings
import Testing

@testable import ImenaCore

/// The scenario of docs/design/scenario.md in Swift: one step a test, in order, on one vault and a real hub. Half a surrogate pair, which steps 02 and 12
/// try elsewhere, is no Swift string.
@Suite("The scenario", .serialized)
struct ScenarioTests {
  private static let shared = Result { try World() }

  private var world: World { get throws { try Self.shared.get() } }
  private var store: ImenaStore { get throws { try world.store } }
  private let first = ImenaCore.PageQuery()

  private func expectFailure(
    _ name: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ act: () async throws -> Void
  ) async {
    let failed = await failure(act)
    #expect(isKind(failed, name), "\(String(describing: failed)), not \(name)", sourceLocation: sourceLocation)
  }

  @Test func s01_aFolderWithoutAVaultSaysSo() async throws {
    let world = try world
    let nowhere = world.config(world.folder.appendingPathComponent("nowhere").path)
    await expectFailure("noVault") {
      _ = try await ImenaStore.open(nowhere, vault: world.vault, performer: world.performer)
    }
    await expectFailure("invalid") {
      _ = try await ImenaStore.open(world.config("a\0b"), vault: world.vault, performer: world.performer)
    }
    let blocked = world.folder.appendingPathComponent("a file")
    try Data("in the way".utf8).write(to: blocked)
    let other = try MoodyVault(folder: world.folder.appendingPathComponent("other"))
    await expectFailure("storageFailed") { _ = try await world.join(config: world.config(blocked.path), vault: other) }
  }

  @Test func s02_joiningNeedsATrueCodeAndAWillingVault() async throws {
    let world = try world
    let failed = await failure { _ = try await world.join(code: "IMENA1:NONSENSE") }
    guard case .invalid("join_code", _) = failed else {
      Issue.record("\(String(describing: failed))")
      return
    }
    for name in ["", String(repeating: "x", count: 10_000_000), "T\0 1"] {
      await expectFailure("invalid") { _ = try await world.join(name: name) }
    }
    world.vault.mood = .notWrapping
    await expectFailure("keyUnavailable") { _ = try await world.join() }
    world.vault.mood = .willing
    let store = try await world.join()
    world.keep("store", store)
    let status = try await store.status()
    #expect(!status.isLocked && status.deviceName == "T01")
    #expect(status.issuer?.hasPrefix("Z") == true)
  }

  @Test func s03_aVaultIsOpenedOnce() async throws {
    let world = try world
    await expectFailure("alreadyOpen") { _ = try await world.open() }
    await expectFailure("alreadyOpen") { _ = try await world.join() }
    let child = try world.child("-")
    #expect(readLine(from: child.said) == "alreadyOpen")
    child.process.waitUntilExit()
  }

  @Test func s04_workStartsWithAnOperator() async throws {
    let store = try store
    let role = try #require(ImenaStore.terms(of: .operatorRole).first)
    #expect(role == ImenaCore.Term(code: "rescuer", english: "rescuer", ukrainian: "рятувальник"))
    let who = try await store.recordOperator(NewOperator(displayName: "Kashtan", role: role.code))
    try await store.startWork(operator: who.id)
    #expect(try await store.operators(first).items == [who])
  }

  @Test func s05_siteGraveMarkerAndRemainsAreRecorded() async throws {
    let (world, store) = (try world, try store)
    let site = try await store.recordSite(NewSite(placeCode: "LYS1", name: "Forest edge", siteType: "grave_field"))
    let grave = try await store.recordGrave(NewGrave(site: site.id, kind: "individual_marked"))
    let text = "№ 319 \u{200f}ابن"
    let marker = try await store.recordMarker(
      NewMarker(site: site.id, graves: [grave.id], kind: "cross", textVerbatim: text, numberText: "319")
    )
    let remains = try await store.recordRemains(NewRemains(site: site.id, grave: grave.id))
    world.keep("site", site)
    world.keep("grave", grave)
    world.keep("remains", remains)
    #expect(try await store.marker(marker.id).textVerbatim == text)
    #expect(try await store.graves(of: site.id, first).items == [grave])
    #expect(try await store.remains(of: grave.id, first).items == [remains])
    let found = try await store.findCode(remains.code.lowercased())
    #expect(found == FoundCode(subject: .remains(remains.id), code: remains.code, isKnown: true, isGuessed: false))
  }

  @Test func s06_aPossibleNameKeepsItsLostLetters() async throws {
    let store = try store
    let owner = Subject.remains(try world.remains.id)
    let hint = try await store.recordHint(
      NewHint(
        owner: owner,
        source: "bag_label",
        textVerbatim: "The Armed Forces of Ukraine defender Nesteren…",
        parts: [NewHintPart(role: "surname", markedText: "Nesteren…")],
        reason: "written by hand on the bag",
        confidence: "certain_reading"
      )
    )
    let part = try #require(hint.parts.first)
    #expect(part.letters == "Nesteren" && !part.isCutLeft && part.isCutRight)
    #expect(try await store.hints(of: owner, first).items == [hint])
  }

  @Test func s07_aPhotoComesInChunks() async throws {
    let (world, store) = (try world, try store)
    let (path, sha256) = try world.picture("12mp.jpg", 1, kind: "12mp")
    let raw = RawListener()
    let subscription = try store.store.subscribeChanges(listener: raw)
    var changes = try store.changes().makeAsyncIterator()
    #expect(await changes.next()?.mustReload == true)
    var photo = try world.newPhoto()
    photo.shot = "B1"
    let saved = try await world.capture(path, photo)
    #expect(saved.sha256 == sha256 && saved.outcome == .new)
    let again = try await world.capture(path, photo)
    #expect(again.id == saved.id && again.outcome == .alreadySaved)
    while let change = await changes.next(), !change.subjects.contains(.photo(saved.id)) {}
    let seqs = try await raw.wait(for: 1).map(\.seq)
    #expect(seqs == Array(seqs[0]..<seqs[0] + UInt64(seqs.count)))
    let seen = try await store.photo(saved.id)
    #expect(seen.status == .hereOnly && seen.shot?.code == "B1")
    #expect(try await store.thumbnail(saved.id)?.prefix(2) == [0xff, 0xd8])
    subscription.cancel()
    #expect(!subscription.isActive())
    world.keep("photo", saved.id)
  }

  @Test func s08_aCaptureThatGoesWrongIsNeverCalledSaved() async throws {
    let (world, store) = (try world, try store)
    let (path, _) = try world.picture("small.jpg", 2)
    let photo = try world.newPhoto()
    await expectFailure("mediaUnreadable") { _ = try await store.capture(photo) { nil } }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let pieces = Pieces([bytes])
    let failed = await failure {
      _ = try await store.capture(try world.newPhoto(), facts: { .init(expectedBytes: 1) }) { await pieces.next() }
    }
    #expect(failed == .integrityFailed(expectedBytes: 1, foundBytes: UInt64(bytes.count)))
    var named = try world.newPhoto()
    named.fileName = String(repeating: "x", count: 10_000_000)
    await expectFailure("invalid") { _ = try await world.capture(path, named) }
    let offEarth = ImenaCore.CaptureFacts(position: .init(latDeg: 91, lonDeg: 0, provider: .gnss))
    let one = Pieces([[1]])
    await expectFailure("invalid") { _ = try await store.capture(photo, facts: { offEarth }) { await one.next() } }
    let capture = try store.store.beginPhoto(draft: photo.ffi)
    try capture.append(chunk: Data())
    await expectFailure("invalid") { try calling { try capture.append(chunk: Data(count: 65_537)) } }
    try capture.append(chunk: Data([1]))
    capture.abandon()
    await expectFailure("refused") { try calling { try capture.append(chunk: Data([1])) } }
    let unnamed = PhotoDraft(captureId: "shutter 1", origin: .inAppCamera)
    await expectFailure("invalid") { _ = try calling { try store.store.beginPhoto(draft: unnamed) } }
  }

  @Test func s09_aFileIsImportedByPathAndByDescriptor() async throws {
    let (world, store) = (try world, try store)
    func imported(_ name: String) throws -> NewPhoto {
      NewPhoto(origin: .importedFile, owner: .remains(try world.remains.id), fileName: name)
    }
    let (path, sha256) = try world.picture("import.jpg", 3)
    #expect(try await store.importPhoto(path: path, imported("import.jpg")).sha256 == sha256)
    let other = try world.picture("descriptor.jpg", 4)
    let descriptor = openDescriptor(other.path)
    let saved = try await store.importPhoto(descriptor: descriptor, imported("descriptor.jpg"))
    #expect(saved.sha256 == other.sha256)
    #expect(fcntl(descriptor, F_GETFD) == -1, "the core closed it")
    let cut = path + ".cut.jpg"
    try Data(contentsOf: URL(fileURLWithPath: other.path)).dropLast(2000).write(to: URL(fileURLWithPath: cut))
    var changes = try store.changes().makeAsyncIterator()
    let hurt = try await store.importPhoto(path: cut, imported("cut.jpg"))
    #expect(hurt.defects.map(\.code) == ["truncated"])
    // Lists know a photo after the answer.
    while let change = await changes.next(), !change.subjects.contains(.photo(hurt.id)) {}
    let known = try await store.photo(hurt.id)
    #expect(known.shouldRetake && known.facts?.width != nil)
    let elsewhere = "/dev/shm/imena-\(UUID().uuidString).jpg"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: other.path))
    bytes.append(Data("elsewhere".utf8))
    try bytes.write(to: URL(fileURLWithPath: elsewhere))
    defer { try? FileManager.default.removeItem(atPath: elsewhere) }
    #expect(try await store.importPhoto(path: elsewhere, imported("elsewhere.jpg")).outcome == .new)
  }

  @Test func s10_whatIsNoFileIsNotImported() async throws {
    let (world, store) = (try world, try store)
    let photo = try world.newPhoto()
    for descriptor: Int32 in [-1, 1_000_000] {
      await expectFailure("mediaUnreadable") { _ = try await store.importPhoto(descriptor: descriptor, photo) }
    }
    for path in ["/nowhere/at/all.jpg", world.folder.path, "a\0b", "/dev/null"] {
      await expectFailure("mediaUnreadable") { _ = try await store.importPhoto(path: path, photo) }
    }
  }

  @Test func s11_aListenerThatThrowsIsToldToReloadAndOneMayCallTheStore() async throws {
    let (world, store) = (try world, try store)
    let core = store.store
    let throwing = RawListener { count in if count == 1 { throw MoodyVault.Bug() } }
    let calling = RawListener { _ in _ = try core.status() }
    let kept = [
      try core.subscribeChanges(listener: throwing), try core.subscribeChanges(listener: calling),
    ]
    for count in 1...2 {
      _ = try await store.recordGrave(NewGrave(site: world.site.id))
      _ = try await throwing.wait(for: count)
    }
    #expect(try await throwing.wait(for: 2).prefix(2).map(\.mustReload) == [false, true])
    _ = try await calling.wait(for: 2)
    kept.forEach { $0.cancel() }
  }

  @Test func s12_whatAPersonGetsWrongIsNamedAndNothingIsRecorded() async throws {
    let (world, store) = (try world, try store)
    let site = try world.site.id
    let code = try world.grave.code
    let before = try await store.graves(of: site, first)
    let stranger = UUID().uuidString.lowercased()
    await expectFailure("notFound") { _ = try await store.grave(GraveID(stranger)) }
    await expectFailure("notFound") { _ = try await store.grave(GraveID(site.text)) }
    await expectFailure("notFound") { _ = try await store.site(SiteID("no id")) }
    await expectFailure("notFound") { _ = try await store.recordGrave(NewGrave(site: SiteID(stranger))) }
    await expectFailure("refused") { _ = try await store.recordGrave(NewGrave(site: site, code: code)) }
    await expectFailure("invalid") { _ = try await store.recordGrave(NewGrave(site: site, code: "LYS1-1-T01-G001-XX")) }
    await expectFailure("invalid") { _ = try await store.recordGrave(NewGrave(site: site, kind: "palace")) }
    let long = String(repeating: "x", count: 10_000_000)
    await expectFailure("invalid") { _ = try await store.recordSite(NewSite(placeCode: "LYS1", name: long)) }
    await expectFailure("invalid") { _ = try await store.recordSite(NewSite(placeCode: "LYS1", name: "a\0b")) }
    await expectFailure("invalid") { _ = try await store.graves(of: site, .init(limit: 0)) }
    await expectFailure("invalid") { _ = try await store.graves(of: site, .init(after: "…")) }
    #expect(try await store.graves(of: site, first) == before)
    #expect(try await store.graves(of: SiteID(stranger), first).items == [])
  }

  @Test func s13_fiftyTasksGetFiftyCodes() async throws {
    let store = try store
    let site = try world.site.id
    let codes = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<50 {
        group.addTask { try await store.recordRemains(NewRemains(site: site)).code }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(codes.count == 50)
    var listed: Set<String> = []
    var query: ImenaCore.PageQuery? = first
    while let next = query {
      let page = try await store.remains(of: site, next)
      listed.formUnion(page.items.map(\.code))
      query = page.next.map { .init(after: $0) }
    }
    #expect(codes.isSubset(of: listed))
  }

  @Test func s14_theOperatorLetsThePhoneInAndReceiptsCome() async throws {
    let (world, store) = (try world, try store)
    let asking = Notes<SyncNews>()
    _ = try await store.sync(isMetered: false, patienceMs: 2_000) { asking.add($0) }
    let digits = try #require(
      asking.all.compactMap { if case .sixDigits(let digits) = $0 { digits } else { nil } }.first
    )
    #expect(try await store.status().sixDigits == digits)
    try world.stage.tell("admit", digits)
    try world.stage.tell("unlock_hub")
    let news = Notes<SyncNews>()
    #expect(try await store.sync(isMetered: false, patienceMs: 60_000) { news.add($0) }.isDone)
    #expect(news.all.contains(.admitted) && news.all.contains(.receipt))
    let status = try await store.status()
    #expect(status.waitingFiles == 0 && status.originals == 5 && status.originalsOnHub == 5)
    #expect([.onHub, .checkedOnHub].contains(try await store.photo(world.photo).status))
  }

  @Test func s15_anotherKeyThanThePinnedOneGetsNothing() async throws {
    let (world, core) = (try world, try store.store)
    let hub = try #require(try core.listHubs().first)
    let desk = try core.beginTransfers(hub: hub, cost: .free, purpose: .sync)
    guard case .perform(let job) = try desk.planTransfer(), case .perform(let same) = try desk.planTransfer() else {
      Issue.record("nothing to perform")
      return
    }
    #expect(job.jobId == same.jobId)
    let otherPin = HubAddress(hubId: hub.hubId, address: hub.address, spkiPins: [Data(count: 32)])
    let other = TransferJob(
      jobId: job.jobId,
      hub: otherPin,
      method: job.method,
      path: job.path,
      headers: job.headers,
      body: job.body,
      replyBytesMax: job.replyBytesMax
    )
    // The door lets nothing through: on Linux that is a cut, on Apple's systems the challenge handler says "wrong pin".
    guard case .failed = try await world.performer.perform(other) else {
      Issue.record("another key was believed")
      return
    }
    let changes = try desk.reportFailure(jobId: job.jobId, failure: .wrongPin)
    #expect(changes.first == .trouble(trouble: .networkNeedsLogin))
    await expectFailure("notFound") { _ = try calling { try desk.reportFailure(jobId: job.jobId, failure: .cut) } }
    let nobody = HubAddress(hubId: hub.hubId, address: "127.0.0.1:9", spkiPins: hub.spkiPins)
    await expectFailure("noHub") {
      _ = try calling { try core.beginTransfers(hub: nobody, cost: .free, purpose: .sync) }
    }
  }

  @Test func s16_aReplyIsBelievedOnlyIfAHubSignedIt() async throws {
    let core = try store.store
    let hub = try #require(try core.listHubs().first)
    let desk = try core.beginTransfers(hub: hub, cost: .free, purpose: .sync)
    guard case .perform(let job) = try desk.planTransfer() else {
      Issue.record("nothing to perform")
      return
    }
    let page = ReplyBody.bytes(bytes: Data("<html>login".utf8))
    let short = TransferReply(status: 200, contentType: "text/html", body: page, pinSeen: Data(count: 5))
    await expectFailure("invalid") { _ = try calling { try desk.acceptReply(jobId: job.jobId, reply: short) } }
    let portal = TransferReply(status: 200, contentType: "text/html", body: page, pinSeen: hub.spkiPins[0])
    let changes = try desk.acceptReply(jobId: job.jobId, reply: portal)
    #expect(changes.first == .trouble(trouble: .networkNeedsLogin))
  }

  @Test func s17_spaceIsNotFreedBeforeEveryConditionIsMet() async throws {
    let store = try store
    let freed = try await store.freeSpace { _ in }
    #expect(freed.freedOriginals == 0 && freed.keptOriginals == 5)
    let missing = Set(freed.kept.flatMap(\.missing).map(\.code))
    #expect(missing.isSuperset(of: ["receipts", "days"]))
    #expect(try await store.status().originals == 5)
  }

  @Test func s18_aLockedVaultSendsAndShowsNothing() async throws {
    let (world, store) = (try world, try store)
    let (path, _) = try world.picture("before-lock.jpg", 5)
    _ = try await world.capture(path)
    try await store.lock()
    await expectFailure("locked") { _ = try await store.sites(first) }
    await expectFailure("locked") { _ = try await world.capture(path) }
    #expect(try await store.status().waitingFiles > 0)
    _ = try await store.sync(isMetered: false, patienceMs: 60_000) { _ in }
    #expect(try await store.status().waitingFiles == 0)
    await expectFailure("wrongPasscode") { _ = try await store.unlock(passcode: "654321") }
    let long = String(repeating: "x", count: 10_000_000)
    await expectFailure("invalid") { _ = try await store.unlock(passcode: long) }
    _ = try await store.unlock(passcode: passcode)
    #expect(try await store.sites(first).items == [world.site])
  }

  @Test func s19_aVaultThatFailsCostsNothing() async throws {
    let (world, store) = (try world, try store)
    for mood in [MoodyVault.Mood.failing, .refusing, .lying] {
      world.vault.mood = mood
      _ = try await store.recordGrave(NewGrave(site: world.site.id))
      await expectFailure("keyUnavailable") {
        _ = try await store.sync(isMetered: false, patienceMs: 60_000) { _ in }
      }
      world.vault.mood = .willing
    }
    _ = try await store.sync(isMetered: false, patienceMs: 60_000) { _ in }
    #expect(try await store.status().waitingFiles == 0)
  }

  @Test func s20_aVaultThatBlocksKeepsNobodyElseWaiting() async throws {
    let (world, store) = (try world, try store)
    _ = try await store.recordGrave(NewGrave(site: world.site.id))
    world.vault.mood = .blocking
    let waiting = Task { try await store.sync(isMetered: false, patienceMs: 60_000) { _ in } }
    try await Task.sleep(for: .milliseconds(200))
    let (path, _) = try world.picture("meanwhile.jpg", 6)
    #expect(try await world.capture(path).outcome == .new)
    #expect(try await store.status().isLocked == false)
    #expect(try await store.sites(first).items == [world.site])
    world.vault.mood = .willing
    for _ in 0..<8 { world.vault.mayGoOn.signal() }
    _ = try await waiting.value
  }

  @Test func s21_aLongJobTellsHowFarItIsAndEndsWithItsTask() async throws {
    let (world, store) = (try world, try store)
    let verified = try await store.verify { _ in }
    #expect(verified.findings == [] && verified.files > 4 && verified.receipts > 0)
    let paths = try (1...20).map { try world.picture("card-\($0).jpg", 100 + $0).path }
    let seen = Notes<ImenaCore.Progress>()
    let many = Array(repeating: paths, count: 100).flatMap { $0 }
    let importing = Task {
      try await store.importPhotos(paths: many, origin: .cameraCard, owner: nil) { seen.add($0) }
    }
    while (seen.all.last?.done ?? 0) < 3 { try await Task.sleep(for: .milliseconds(10)) }
    importing.cancel()
    await #expect(throws: CancellationError.self) { _ = try await importing.value }
    let before = try await store.status().originals
    try await Task.sleep(for: .milliseconds(300))
    #expect(try await store.status().originals == before, "cancelling the task ended the import in the core")
    let some = Array(paths.prefix(2)) + ["/nowhere.jpg"]
    let imported = try await store.importPhotos(paths: some, origin: .cameraCard, owner: nil) { _ in }
    #expect(imported.saved.count == 2 && imported.refused.map(\.path) == ["/nowhere.jpg"])
    let tooMany = Array(repeating: "x", count: 2_001)
    await expectFailure("invalid") {
      _ = try await store.importPhotos(paths: tooMany, origin: .cameraCard, owner: nil) { _ in }
    }
  }

  @Test func s22_aPhoneThatSuspendsTheAppFindsTheVaultClosedAndGoesOn() async throws {
    let (world, store) = (try world, try store)
    try await store.prepareForSuspend()
    try await store.prepareForSuspend()
    await expectFailure("suspended") { _ = try await store.status() }
    let other = try await world.open()
    await expectFailure("alreadyOpen") { try await store.resume() }
    #expect(try await other.shutDown())
    try await store.resume()
    try await store.resume()
    #expect(try await store.sites(first).items == [world.site], "as unlocked as before")
  }

  @Test func s23_shuttingDownIsSafeWhileCallsRunAndSaysSoAfterwards() async throws {
    let store = try store
    let first = first
    let calls = (0..<8).map { _ in
      Task { await failure { while true { _ = try await store.sites(first) } } }
    }
    let listening = Task { for await _ in try store.changes() {} }
    let verifying = Task { _ = try? await store.verify { _ in } }
    try await Task.sleep(for: .milliseconds(50))
    #expect(try await store.shutDown())
    for call in calls { #expect(await call.value == .shutDown) }
    await verifying.value
    listening.cancel()
    #expect(try await store.shutDown())
    await expectFailure("shutDown") { _ = try await store.status() }
    await expectFailure("shutDown") { try await store.resume() }
    await expectFailure("shutDown") { _ = try await store.unlock(passcode: passcode) }
  }

  @Test func s24_aProcessKilledInTheMiddleLosesNothingThatItCalledSaved() async throws {
    let world = try world
    let (path, _) = try world.picture("killed.jpg", 7)
    let child = try world.child(path)
    let saved = readLine(from: child.said)
    try #require(saved.hasPrefix("saved "), "\(saved)")
    #expect(readLine(from: child.said) == "half done")
    kill(child.process.processIdentifier, SIGKILL)
    child.process.waitUntilExit()
    let store = try await world.open()
    world.keep("store", store)
    let unlocked = try await store.unlock(passcode: passcode)
    #expect(unlocked.quarantinedFiles + unlocked.recoveredPhotos >= 1, "the half photo is set aside, not lost")
    let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    let photo = try await store.photo(PhotoID(String(saved.dropFirst("saved ".count))))
    #expect(photo.sizeBytes == UInt64(size + "saved".count))
  }

  @Test func s25_aPanicIsAnErrorAndTheStoreSaysWhetherItCanGoOn() async throws {
    let (world, store) = (try world, try store)
    defer { panicIn("") }
    panicIn("list_operators")
    guard case .internalError(let report) = await failure({ _ = try await store.operators(first) }) else {
      Issue.record("no internal error")
      return
    }
    #expect(report.count == 8)
    #expect(try await store.sites(first).items == [world.site], "a call that only reads leaves nothing half done")
    panicIn("record_operator")
    await expectFailure("internalError") {
      _ = try await store.recordOperator(NewOperator(displayName: "Klen", role: "rescuer"))
    }
    await expectFailure("mustReopen") { _ = try await store.sites(first) }
    panicIn("")
    #expect(try await store.shutDown())
    let reopened = try await world.open()
    world.keep("store", reopened)
    _ = try await reopened.unlock(passcode: passcode)
    #expect(try await reopened.sites(first).items == [world.site])
  }

  @Test func s26_logLinesTellPlacesAndNoNames() async throws {
    final class Sink: LogSink {
      let lines = Notes<String>()

      func takeLine(level: LogLevel, target: String, text: String) throws {
        lines.add(text)
        throw MoodyVault.Bug()
      }
    }
    let store = try store
    let sink = Sink()
    setLogSink(sink: sink)
    panicIn("list_operators")
    let failed = await failure { _ = try await store.operators(first) }
    panicIn("")
    setLogSink(sink: nil)
    guard case .internalError(let report) = failed else {
      Issue.record("\(String(describing: failed))")
      return
    }
    let line = try #require(sink.lines.all.first { $0.contains(report) })
    #expect(line.contains("guard.rs") && !line.contains("Kashtan"))
  }

  @Test func s27_theTerminalProgramFindsTheVaultSound() async throws {
    let (world, store) = (try world, try store)
    _ = try await store.sync(isMetered: false, patienceMs: 60_000) { _ in }
    #expect(try await store.shutDown())
    let said = try #require(try world.stage.tell("verify", world.vaultDir.path)["said"])
    #expect(said.contains("Nothing_is_wrong."))
    try FileManager.default.removeItem(at: world.folder)
  }

  /// A descriptor that the core may own.
  private func openDescriptor(_ path: String) -> Int32 { open(path, O_RDONLY) }
}
