import Foundation
import Testing

@testable import ImenaCore

/// The scenario of docs/design/scenario.md in Swift: one step a test, in order, on one vault and a real hub. Half a surrogate pair, which steps 02 and 12
/// try elsewhere, is no Swift string.
@Suite("The scenario", .serialized)
struct ScenarioTests {
  private static let shared = Result { try World() }

  private var world: World { get throws { try Self.shared.get() } }
  private var store: ImenaStore { get throws { try world.store } }
  private let first = PageQuery(limit: 50)

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
    #expect(status.vaultState == .unlocked && status.deviceName == "T01")
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
    let (world, store) = (try world, try store)
    let roles = try [Language.english, .ukrainian].map { try listTerms(vocabulary: "operator_role", language: $0)[0] }
    #expect(roles.map(\.code) == ["rescuer", "rescuer"] && roles.map(\.label) == ["rescuer", "рятувальник"])
    await expectFailure("invalid") { _ = try calling { try listTerms(vocabulary: "roles", language: .english) } }
    let who = try await store.record(
      .of(Operator.self) {
        $0[Operator.displayName] = "Kashtan"
        $0[Operator.role] = .rescuer
        $0[Operator.organisation] = ""
      }
    )
    try await store.startWork(who.subject.id)
    let rows = try await world.rows(Operator.self, nil, [Operator.displayName])
    #expect(rows.map(\.summary.subject) == [who.subject])
    #expect(rows.first?.of(Operator.self)?[Operator.displayName] == "Kashtan")
  }

  @Test func s05_siteGraveMarkerAndRemainsAreRecorded() async throws {
    let (world, store) = (try world, try store)
    let site = try await store.record(
      .of(Site.self) {
        $0[Site.placeCode] = "LYS1"
        $0[Site.name] = "Forest edge"
        $0[Site.type] = .graveField
      }
    )
    let grave = try await store.record(
      .of(Grave.self) {
        $0[Grave.site] = site.subject
        $0[Grave.kind] = .individualMarked
      }
    )
    let text = "№ 319 \u{200f}ابن"
    let marker = try await store.record(
      .of(Marker.self) {
        $0[Marker.site] = site.subject
        $0[Marker.kind] = .cross
        $0[Marker.textVerbatim] = text
        $0[Marker.numberText] = "319"
        $0.link(grave.subject)
      }
    )
    let remains = try await store.record(
      .of(Remains.self) {
        $0[Remains.site] = site.subject
        $0[Remains.grave] = grave.subject
      }
    )
    world.keep("site", site)
    world.keep("grave", grave)
    world.keep("marker", marker)
    world.keep("remains", remains)
    let view = try await world.view(marker)
    #expect(view.of(Marker.self)?[Marker.textVerbatim] == text && view.of(Grave.self) == nil)
    #expect(view.links.map(\.other.code) == [grave.code])
    let contents = try await world.view(site).contents.map { "\($0.kind) \($0.count)" }
    #expect(contents == ["grave 1", "marker 1", "remains 1"])
    let rows = try await world.rows(Remains.self, grave, [Remains.code])
    #expect(rows.map { $0.of(Remains.self)?[Remains.code] } == [remains.code])
    let code = try #require(remains.code)
    let found = try await store.findCode(code.lowercased())
    #expect(found == CodeView(subject: remains.subject, code: code, isKnown: true, isGuessed: false))
  }

  @Test func s06_aPossibleNameKeepsItsLostLetters() async throws {
    let (world, store) = (try world, try store)
    let owner = try world.remains
    let hint = try await store.record(
      .of(PersonHint.self) {
        $0[PersonHint.owner] = owner.subject
        $0[PersonHint.source] = .bagLabel
        $0[PersonHint.textVerbatim] = "The Armed Forces of Ukraine defender Nesteren..."
        $0[PersonHint.parts] = [NamePart(roleCode: HintPartRole.surname.code, markedText: "Nesteren...")]
        $0[PersonHint.reason] = "written by hand on the bag"
        $0[PersonHint.confidence] = .certainReading
      }
    )
    let rows = try await world.rows(PersonHint.self, owner, [PersonHint.parts])
    #expect(rows.map(\.summary.subject) == [hint.subject])
    let part = try #require(rows.first?.of(PersonHint.self)?[PersonHint.parts]?.first)
    #expect(part == NamePart(roleCode: "surname", markedText: "Nesteren…"))
    let letters = readLetters(markedText: part.markedText)
    #expect(letters.letters == "Nesteren" && !letters.isCutLeft && letters.isCutRight)
  }

  @Test func s07_aPhotoComesInChunks() async throws {
    let (world, store) = (try world, try store)
    let (path, sha256) = try world.picture("12mp.jpg", 1, kind: "12mp")
    let raw = RawListener()
    let subscription = try store.store.subscribeChanges(listener: raw)
    var changes = try store.changes().makeAsyncIterator()
    #expect(await changes.next()?.mustReload == true)
    let draft = try world.photoDraft(shot: .B1)
    let saved = try await world.capture(path, draft)
    #expect(saved.sha256 == sha256 && saved.outcome == .new)
    let again = try await world.capture(path, draft)
    #expect(again.photoId == saved.photoId && again.outcome == .alreadySaved)
    while let change = await changes.next(), !names(change, saved) {}
    let seqs = try await raw.wait(for: 1).map(\.seq)
    #expect(seqs == Array(seqs[0]..<seqs[0] + UInt64(seqs.count)))
    let seen = try await world.photoView(saved.photoId)
    #expect(seen.status == .hereOnly && seen.shot?.code == Shot.B1.code)
    #expect(try await store.thumbnail(saved.photoId)?.prefix(2) == Data([0xff, 0xd8]))
    subscription.cancel()
    #expect(!subscription.isActive())
    world.keep("photo", saved.photoId)
    world.keep("sha256", sha256)
  }

  @Test func s08_aCaptureThatGoesWrongIsNeverCalledSaved() async throws {
    let (world, store) = (try world, try store)
    let (path, _) = try world.picture("small.jpg", 2)
    let draft = try world.photoDraft()
    await expectFailure("mediaUnreadable") { _ = try await store.capture(draft) { nil } }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let pieces = Pieces([bytes])
    let failed = await failure {
      _ = try await store.capture(try world.photoDraft(), facts: { .init(expectedBytes: 1) }) { await pieces.next() }
    }
    #expect(failed == .integrityFailed(expectedBytes: 1, foundBytes: UInt64(bytes.count)))
    let named = try world.photoDraft(fileName: String(repeating: "x", count: 10_000_000))
    await expectFailure("invalid") { _ = try await world.capture(path, named) }
    let offEarth = CaptureFacts(position: Position(latDeg: 91, lonDeg: 0, provider: .gnss))
    let one = Pieces([Data([1])])
    await expectFailure("invalid") { _ = try await store.capture(draft, facts: { offEarth }) { await one.next() } }
    let capture = try store.store.beginPhoto(draft: draft)
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
    func imported(_ name: String) throws -> PhotoDraft { try world.photoDraft(origin: .importedFile, fileName: name) }
    let (path, sha256) = try world.picture("import.jpg", 3)
    #expect(try await store.importPhoto(path: path, imported("import.jpg")).sha256 == sha256)
    let other = try world.picture("descriptor.jpg", 4)
    let descriptor = openDescriptor(other.path)
    let saved = try await store.importPhoto(descriptor: descriptor, imported("descriptor.jpg"))
    #expect(saved.sha256 == other.sha256)
    #expect(fcntl(descriptor, F_GETFD) == -1, "the core closed it")
    let cut = path + ".cut.jpg"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: other.path))
    try bytes.dropLast(2000).write(to: URL(fileURLWithPath: cut))
    let (hurt, known) = try await importedAndListed(cut, imported("cut.jpg"))
    #expect(hurt.defects.map(\.code) == [PhotoDefect.truncated.code] && known.shouldRetake)
    let width = try #require(known.facts.first { $0.code == "width" })
    #expect(Int(width.shown) ?? 0 > 0 && known.facts.allSatisfy { !$0.shown.isEmpty })
    let name = Data([0xf4, 0xee]) + Data(".jpg".utf8)
    let named = try world.photoDraft(origin: .importedFile, fileNameBytes: name)
    #expect(try await importedAndListed(cut, named).known.fileNameBytes == name)
    let elsewhere = "/dev/shm/imena-\(UUID().uuidString).jpg"
    bytes.append(Data("elsewhere".utf8))
    try bytes.write(to: URL(fileURLWithPath: elsewhere))
    defer { try? FileManager.default.removeItem(atPath: elsewhere) }
    #expect(try await store.importPhoto(path: elsewhere, imported("elsewhere.jpg")).outcome == .new)
  }

  @Test func s10_whatIsNoFileIsNotImported() async throws {
    let (world, store) = (try world, try store)
    let photo = try world.photoDraft()
    for descriptor: Int32 in [-1, 1_000_000] {
      await expectFailure("mediaUnreadable") { _ = try await store.importPhoto(descriptor: descriptor, photo) }
    }
    for path in ["/nowhere/at/all.jpg", world.folder.path, "a\0b", "/dev/null"] {
      await expectFailure("mediaUnreadable") { _ = try await store.importPhoto(path: path, photo) }
    }
  }

  @Test func s11_aListenerThatThrowsIsToldToReloadAndOneMayCallTheStore() async throws {
    let (world, core) = (try world, try store.store)
    let throwing = RawListener { count in if count == 1 { throw MoodyVault.Bug() } }
    let calling = RawListener { _ in _ = try core.status() }
    let kept = [
      try core.subscribeChanges(listener: throwing), try core.subscribeChanges(listener: calling),
    ]
    for count in 1...2 {
      _ = try await world.recordGrave()
      _ = try await throwing.wait(for: count)
    }
    #expect(try await throwing.wait(for: 2).prefix(2).map(\.mustReload) == [false, true])
    _ = try await calling.wait(for: 2)
    kept.forEach { $0.cancel() }
  }

  @Test func s12_whatAPersonGetsWrongIsNamedAndNothingIsRecorded() async throws {
    let (world, store) = (try world, try store)
    let (site, grave) = (try world.site, try world.grave)
    let before = try await world.rows(Grave.self, site)
    let lost = SubjectRef(kind: Site.nounKind, id: UUID().uuidString)
    let long = String(repeating: "x", count: 10_000_000)
    let nothing = Circumstances()
    let query = RecordQuery.of(Grave.self, parent: site.subject.id, language: .english)
    func refuse(_ name: String, grave fill: (inout FieldWriter<RecordDraft, Grave>) -> Void) async {
      let draft = RecordDraft.of(Grave.self) {
        $0[Grave.site] = site.subject
        fill(&$0)
      }
      await expectFailure(name) { _ = try await store.record(draft) }
    }
    func refuse(place fill: (inout FieldWriter<RecordDraft, Site>) -> Void) async {
      let draft = RecordDraft.of(Site.self) {
        $0[Site.placeCode] = "LYS2"
        $0[Site.name] = "x"
        fill(&$0)
      }
      await expectFailure("invalid") { _ = try await store.record(draft) }
    }
    func resolution(_ field: String) -> FieldResolution {
      FieldResolution(recordId: site.subject.id, field: field, value: .text(text: "Edge"), seenEntries: [])
    }
    await expectFailure("notFound") { _ = try await store.getRecord(lost.id, language: .english) }
    await expectFailure("notFound") { _ = try await store.getRecord("no id", language: .english) }
    await expectFailure("notFound") { try await store.amend(.of(Site.self, lost.id) { $0[Site.name] = "x" }) }
    await expectFailure("notFound") {
      try await store.amend(.of(Grave.self, site.subject.id) { $0[Grave.kind] = .multiple })
    }
    await refuse("notFound") { $0[Grave.site] = lost }
    await refuse("refused") { $0[Grave.code] = grave.code }
    await refuse("invalid") { $0[Grave.code] = "LYS1-1-T01-G001-XX" }
    await refuse("invalid") { $0[Grave.kind] = GraveKind(code: "palace") }
    let wrong: [[String: FieldValue]] = [
      ["site": .reference(subject: site.subject), "number_text": .text(text: "319")],
      ["site": .reference(subject: site.subject), "kind": .number(number: 1)],
      [:],
    ]
    for fields in wrong {
      await expectFailure("invalid") { _ = try await store.record(RecordDraft(kind: "grave", fields: fields)) }
    }
    await expectFailure("invalid") { _ = try await store.record(RecordDraft(kind: "castle", fields: [:])) }
    await refuse { $0[Site.name] = long }
    await refuse { $0[Site.name] = "a\0b" }
    await refuse { $0.circumstances = Circumstances(reason: long) }
    await expectFailure("invalid") { try await store.amend(.of(Site.self, site.subject.id) { _ in }) }
    await expectFailure("invalid") {
      try await store.amend(.of(Grave.self, grave.subject.id) { $0[Grave.code] = "LYS1-T01-G009-XX" })
    }
    await expectFailure("invalid") { try await store.resolve(resolution("colour")) }
    await expectFailure("refused") { try await store.resolve(resolution(Site.name.code)) }
    await expectFailure("invalid") { try await store.withdraw(site.subject.id, Circumstances(reason: " ")) }
    await expectFailure("invalid") { _ = try await store.linkRecords(site.subject, grave.subject, nothing) }
    await expectFailure("invalid") { _ = try await store.listRecords(query, PageQuery(limit: 0)) }
    await expectFailure("invalid") { _ = try await store.listRecords(query, PageQuery(after: "…", limit: 1)) }
    #expect(try await world.rows(Grave.self, site) == before)
    #expect(try await world.rows(Grave.self, Recorded(subject: lost, code: nil)) == [])
    let fields: [String: FieldValue] = [
      "kind": .term(code: "palace"),
      "number_text": .text(text: String(repeating: "x", count: 300)),
      "colour": .text(text: "red"),
    ]
    let found = try await store.checkDraft(RecordDraft(kind: "marker", fields: fields), language: .ukrainian)
    let told = found.map { "\($0.field) \($0.rule)" }
    #expect(told == ["site owed", "kind not_a_term", "number_text too_long", "colour no_such_field"])
  }

  @Test func s13_fiftyTasksGetFiftyCodes() async throws {
    let (world, store) = (try world, try store)
    let site = try world.site
    let codes = try await withThrowingTaskGroup(of: String?.self) { group in
      for _ in 0..<50 {
        group.addTask { try await store.record(.of(Remains.self) { $0[Remains.site] = site.subject }).code }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(codes.count == 50 && !codes.contains(nil))
    #expect(codes.isSubset(of: try await world.rows(Remains.self, site).map(\.summary.code)))
  }

  @Test func s14_theOperatorLetsThePhoneInAndReceiptsCome() async throws {
    let (world, store) = (try world, try store)
    let asking = try await world.sync(patienceMs: 2_000).news
    let digits = try #require(
      asking.compactMap { if case .enrolling(let digits) = $0 { digits } else { nil } }.first
    )
    #expect(try await store.status().sixDigits == digits)
    try world.stage.tell("admit", digits)
    try world.stage.tell("unlock_hub")
    let (synced, news) = try await world.sync()
    #expect(synced.isDone && synced.summary.missingFiles == 0)
    #expect(news.contains(.admitted) && news.contains(.receipt))
    let status = try await store.status()
    #expect(status.waitingFiles == 0 && status.originals == 6 && status.originalsOnHub == 6)
    #expect([.onHub, .checkedOnHub].contains(try await world.photoView(world.photo).status))
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
    #expect(freed.freedOriginals == 0 && freed.keptOriginals == 6)
    let missing = Set(freed.kept.flatMap(\.missing).map(\.code))
    #expect(missing.isSuperset(of: ["receipts", "days"]))
    #expect(try await store.status().originals == 6)
  }

  @Test func s18_aLockedVaultSendsAndShowsNothing() async throws {
    let (world, store) = (try world, try store)
    let (path, _) = try world.picture("before-lock.jpg", 5)
    _ = try await world.capture(path)
    try await store.lock()
    await expectFailure("locked") { _ = try await world.sites() }
    await expectFailure("locked") { _ = try await world.capture(path) }
    #expect(try await store.status().waitingFiles > 0)
    try await world.sync()
    #expect(try await store.status().waitingFiles == 0)
    await expectFailure("wrongPasscode") { _ = try await store.unlock(passcode: "654321") }
    let long = String(repeating: "x", count: 10_000_000)
    await expectFailure("invalid") { _ = try await store.unlock(passcode: long) }
    _ = try await store.unlock(passcode: passcode)
    #expect(try await world.sites() == ["LYS1"])
  }

  @Test func s19_aVaultThatFailsCostsNothing() async throws {
    let (world, store) = (try world, try store)
    for mood in [MoodyVault.Mood.failing, .refusing, .lying] {
      world.vault.mood = mood
      _ = try await world.recordGrave()
      await expectFailure("keyUnavailable") { try await world.sync() }
      world.vault.mood = .willing
    }
    try await world.sync()
    #expect(try await store.status().waitingFiles == 0)
  }

  @Test func s20_aVaultThatBlocksKeepsNobodyElseWaiting() async throws {
    let (world, store) = (try world, try store)
    _ = try await world.recordGrave()
    world.vault.mood = .blocking
    let waiting = Task { try await world.sync() }
    try await Task.sleep(for: .milliseconds(200))
    let (path, _) = try world.picture("meanwhile.jpg", 6)
    #expect(try await world.capture(path).outcome == .new)
    #expect(try await store.status().vaultState == .unlocked)
    #expect(try await world.sites() == ["LYS1"])
    world.vault.mood = .willing
    for _ in 0..<8 { world.vault.mayGoOn.signal() }
    _ = try await waiting.value
  }

  @Test func s21_aLongJobTellsHowFarItIsAndEndsWithItsTask() async throws {
    let (world, store) = (try world, try store)
    let verified = try await store.verify { _ in }
    #expect(verified.findings == [] && verified.files > 4 && verified.receipts > 0)
    let paths = try (1...20).map { try world.picture("card-\($0).jpg", 100 + $0).path }
    let seen = Notes<JobProgress>()
    let many = ImportDraft(paths: Array(repeating: paths, count: 100).flatMap { $0 }, origin: .cameraCard)
    let importing = Task { try await store.importPhotos(many) { seen.add($0) } }
    while (seen.all.last?.done ?? 0) < 3 { try await Task.sleep(for: .milliseconds(10)) }
    importing.cancel()
    await #expect(throws: CancellationError.self) { _ = try await importing.value }
    let before = try await store.status().originals
    try await Task.sleep(for: .milliseconds(300))
    #expect(try await store.status().originals == before, "cancelling the task ended the import in the core")
    let some = ImportDraft(paths: Array(paths.prefix(2)) + ["/nowhere.jpg"], origin: .cameraCard)
    let imported = try await store.importPhotos(some) { _ in }
    #expect(imported.saved.count == 2 && imported.refused.map(\.position) == [2])
    let tooMany = ImportDraft(paths: Array(repeating: "x", count: 2_001), origin: .cameraCard)
    await expectFailure("invalid") { _ = try await store.importPhotos(tooMany) { _ in } }
  }

  @Test func s22_aPhoneThatSuspendsTheAppFindsTheVaultClosedAndGoesOn() async throws {
    let (world, store) = (try world, try store)
    try await store.prepareForSuspend()
    try await store.prepareForSuspend()
    await expectFailure("suspended") { _ = try await store.status() }
    let other = try await world.open()
    await expectFailure("alreadyOpen") { try await store.resume() }
    #expect(try await other.shutDown() == .closed)
    try await store.resume()
    try await store.resume()
    #expect(try await world.sites() == ["LYS1"], "as unlocked as before")
  }

  @Test func s23_shuttingDownIsSafeWhileCallsRunAndSaysSoAfterwards() async throws {
    let (world, store) = (try world, try store)
    let calls = (0..<8).map { _ in
      Task { await failure { while true { _ = try await world.sites() } } }
    }
    let listening = Task { for await _ in try store.changes() {} }
    let verifying = Task { _ = try? await store.verify { _ in } }
    try await Task.sleep(for: .milliseconds(50))
    #expect(try await store.shutDown() == .closed)
    for call in calls { #expect(await call.value == .shutDown) }
    await verifying.value
    listening.cancel()
    #expect(try await store.shutDown() == .closed)
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
    let photo = try await world.photoView(String(saved.dropFirst("saved ".count)))
    #expect(photo.sizeBytes == UInt64(size + "saved".count))
  }

  @Test func s25_aPanicIsAnErrorAndTheStoreSaysWhetherItCanGoOn() async throws {
    let (world, store) = (try world, try store)
    defer { panicIn("") }
    panicIn("list_history")
    guard case .internalError(let report) = await failure({ _ = try await world.history() }) else {
      Issue.record("no internal error")
      return
    }
    #expect(report.count == 8)
    #expect(try await world.sites() == ["LYS1"], "a call that only reads leaves nothing half done")
    panicIn("record")
    await expectFailure("internalError") { _ = try await world.recordGrave() }
    await expectFailure("mustReopen") { _ = try await world.sites() }
    panicIn("")
    #expect(try await store.shutDown() == .closed)
    try await reopen()
    #expect(try await world.sites() == ["LYS1"])
  }

  @Test func s26_logLinesTellPlacesAndNoNames() async throws {
    final class Sink: LogSink {
      let lines = Notes<String>()

      func takeLine(level: LogLevel, target: String, text: String) throws {
        lines.add(text)
        throw MoodyVault.Bug()
      }
    }
    let world = try world
    let sink = Sink()
    setLogSink(sink: sink)
    panicIn("list_history")
    let failed = await failure { _ = try await world.history() }
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
    let sha256: String = try world.kept("sha256")
    #expect(try await world.photoView(world.photo).sha256 == sha256)
    try await world.sync()
    #expect(try await store.shutDown() == .closed)
    let said = try #require(try world.stage.tell("verify", world.vaultDir.path)["said"])
    #expect(said.contains("Nothing_is_wrong."))
  }

  @Test func s29_theNextMorningSomethingIsSaidAnewAndItsHistoryTellsAll() async throws {
    let (world, store) = (try world, try await reopen())
    let marker = try world.marker
    let id = marker.subject.id
    try await store.amend(
      .of(Marker.self, id) {
        $0[Marker.numberText] = "318"
        $0[Marker.status] = .fallen
        $0.circumstances = Circumstances(reason: "washed and read again")
      }
    )
    try await store.amend(.of(Marker.self, id) { $0.gap(Marker.numberText, .notDetermined) })
    let fields = try await world.fields(marker, Marker.self)
    #expect(fields[Marker.numberText] == nil && fields.gap(Marker.numberText) == .notDetermined)
    #expect(fields[Marker.status] == .fallen)
    let number = try #require(fields.view(Marker.numberText))
    #expect(number.shown == "not determined")
    #expect(number.by?.operatorName == "Kashtan" && number.by?.deviceName == "T01")
    try await store.amend(.of(Marker.self, id) { $0.nothing(Marker.status) })
    #expect(try await world.fields(marker, Marker.self).view(Marker.status)?.shown ?? "" == "")
    let remains = try world.remains
    let effect = try await store.record(
      .of(Effect.self) {
        $0[Effect.remains] = remains.subject
        $0[Effect.category] = .textileWristband
        $0[Effect.colours] = [.blue, .yellow]
      }
    )
    #expect(try #require(effect.code).hasPrefix(try #require(remains.code) + "/"))
    let told = try await world.history(marker, Marker.numberText)
    #expect(told.map(\.act) == [.amended, .amended, .created])
    #expect(told.map { $0.fields.first?.shown } == ["not determined", "318", "319"])
    #expect(told[1].circumstances.reason == "washed and read again")
    func page(after: String?) async throws -> HistoryPage {
      try await store.listHistory(id, field: nil, PageQuery(after: after, limit: 3), language: .ukrainian)
    }
    let newest = try await page(after: nil)
    #expect(newest.entries.map(\.actLabel) == Array(repeating: "змінено", count: 3))
    #expect(try await page(after: newest.next).entries.map(\.act) == [.created])
  }

  @Test func s30_twoPhonesDisagreeAndAPersonEndsIt() async throws {
    let (world, store) = (try world, try store)
    let grave = try world.grave
    try world.stage.tell("meet_other")
    try await world.sync()
    try world.stage.tell("other", "sync")
    try await store.amend(.of(Grave.self, grave.subject.id) { $0[Grave.kind] = .multiple })
    try world.stage.tell("other", "amend", try #require(grave.code), "kind=empty")
    try world.stage.tell("other", "sync")
    try await world.sync()
    try await world.sync()
    let view = try await world.view(grave)
    let fields = try #require(view.of(Grave.self))
    let kind = try #require(fields.view(Grave.kind))
    #expect(view.summary.marks.conflicts == 1 && kind.rivalCount == 2)
    let said = kind.rivals.map { (Grave.kind.read($0.value), $0.by) }
    #expect(said.contains { $0 == .multiple && $1.operatorName == "Kashtan" && $1.deviceName == "T01" })
    #expect(said.contains { $0 == .empty && $1.operatorName == "Olena" })
    let resolution = fields.resolution(Grave.kind, .multiple, Circumstances(reason: "opened together"))
    let stale = FieldResolution(
      recordId: resolution.recordId,
      field: resolution.field,
      value: Grave.kind.write(.empty),
      seenEntries: resolution.seenEntries + [String(repeating: "00", count: 32)]
    )
    await expectFailure("refused") { try await store.resolve(stale) }
    try await store.resolve(resolution)
    let resolved = try await world.fields(grave, Grave.self)
    #expect(resolved[Grave.kind] == .multiple && resolved.view(Grave.kind)?.rivals == [])
    #expect(try await world.history(grave, Grave.kind).first?.act == .resolved)
  }

  @Test func s31_formsAreReadFromTheTables() async throws {
    let kinds = listKinds(language: .english).map(\.code)
    #expect(Array(kinds.prefix(4)) == ["site", "grave", "marker", "remains"] && !kinds.contains("photo"))
    for kind in kinds {
      for language in [Language.english, .ukrainian] {
        let fields = try form(kind: kind, path: .expert, language: language).sections.flatMap(\.fields)
        #expect(!fields.isEmpty && fields.allSatisfy { !$0.label.isEmpty && !$0.code.isEmpty })
        #expect(!fields.contains { $0.editor == .closed })
      }
    }
    let marker = try form(kind: Marker.nounKind, path: .rescuer, language: .english)
    func field(_ key: some Key<Marker>) throws -> FormField {
      try #require(marker.sections.flatMap(\.fields).first { $0.code == key.code })
    }
    let kind = try field(Marker.kind)
    guard case .oneOf(let choices) = kind.editor else {
      Issue.record("\(kind.editor)")
      return
    }
    #expect(kind.isOwed && choices.map(\.code).contains(MarkerKind.cross.code))
    #expect(try field(Marker.textVerbatim).editor == .page(bytesMax: 4096))
    #expect(try field(Marker.status).gaps.map(\.code).contains(Gap.notExamined.code))
    #expect(marker.linkKinds == [Grave.nounKind])
    let failed = await failure {
      _ = try calling { try form(kind: "castle", path: .rescuer, language: .english) }
    }
    guard case .invalid(_, let reason) = failed else {
      Issue.record("\(String(describing: failed))")
      return
    }
    #expect(reason.contains("marker"))
    let draft = RecordDraft.of(Marker.self) {
      $0[Marker.kind] = .cross
      $0[Marker.numberText] = "319"
    }
    let preview = try previewRecord(draft: draft, language: .ukrainian)
    #expect(preview.summary.title == "319" && preview.of(Marker.self)?.view(Marker.kind)?.shown == "хрест")
  }

  @Test func s32_linksAreMadeUndoneAndMadeAgain() async throws {
    let (world, store) = (try world, try store)
    let (marker, grave) = (try world.marker, try world.grave)
    let other = try await world.recordGrave()
    let nothing = Circumstances()
    let link = try await store.linkRecords(marker.subject, other.subject, nothing)
    #expect(try await store.linkRecords(other.subject, marker.subject, nothing) == link)
    #expect(try await Set(world.view(marker).links.map(\.other.code)) == [grave.code, other.code])
    try await store.withdraw(link, Circumstances(reason: "the cross stood between them"))
    let ended = try await world.view(other).links.filter { $0.endedReason != nil }
    #expect(ended.map(\.linkId) == [link])
    _ = try await store.linkRecords(marker.subject, other.subject, nothing)
    #expect(try await world.view(marker).links.allSatisfy { $0.endedReason == nil })
    let stranger = SubjectRef(kind: Grave.nounKind, id: UUID().uuidString.lowercased())
    _ = try await store.linkRecords(marker.subject, stranger, nothing)
    let missing = try await world.view(marker).links.filter(\.isOtherMissing)
    #expect(missing.map(\.other.subject) == [stranger], "kept, and shown as not known yet")
  }

  @Test func s33_whatIsRecordedIsFoundAndWhatANewerVersionWroteIsShown() async throws {
    let (world, store) = (try world, try store)
    let (grave, remains) = (try world.grave, try world.remains)
    func found(_ typed: String) async throws -> [RecordRow] {
      try await store.searchRecords(typed, first, language: .english).rows
    }
    for typed in ["nesteren", "Нестерен", "defender nest"] {
      #expect(try await found(typed).contains { $0.summary.subject.kind == PersonHint.nounKind }, "\(typed)")
    }
    #expect(try await found("Kravets") == [])
    try world.stage.tell("other", "sync")
    try world.stage.tell("write_newer", grave.subject.id, "99", "oak")
    try world.stage.tell("other", "sync")
    try await world.sync()
    try await world.sync()
    #expect(try await world.view(grave).newerFields == [Choice(code: "99", label: "not for your role")])
    try await store.voidRecord(remains.subject.id, Circumstances(reason: "the label tore"))
    #expect(try await world.view(remains).summary.marks.endedReason == "the label tore")
    #expect(try await store.shutDown() == .closed)
    try FileManager.default.removeItem(at: world.folder)
  }

  /// A descriptor that the core may own.
  private func openDescriptor(_ path: String) -> Int32 { open(path, O_RDONLY) }

  private func names(_ change: ChangeNotice, _ saved: PhotoSaved) -> Bool {
    change.subjects.contains { $0.id == saved.photoId }
  }

  /// Imports a file and waits until lists know it, which they do after the answer.
  private func importedAndListed(
    _ path: String,
    _ draft: PhotoDraft
  ) async throws -> (saved: PhotoSaved, known: PhotoView) {
    var changes = try store.changes().makeAsyncIterator()
    let saved = try await store.importPhoto(path: path, draft)
    while let change = await changes.next(), !names(change, saved) {}
    return (saved, try await world.photoView(saved.photoId))
  }

  @discardableResult
  private func reopen() async throws -> ImenaStore {
    let store = try await world.open()
    try world.keep("store", store)
    _ = try await store.unlock(passcode: passcode)
    return store
  }
}
