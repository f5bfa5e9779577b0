//! What the phone of the golden vault records in its day.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use imena_core::capture::facts_map;
use imena_core::encoding::{Hash32, Map, Value};
use imena_core::journal::{Absence, BodyBytes, Entry, Op, Receipt};
use imena_core::media::read_facts;
use imena_core::merge::STANDING;
use imena_core::model::ids::{SubjectId, SubjectRef};
use imena_core::vocabulary::{Gap, Kind};
use imena_tests::photo::PhotoSpec;

use super::hub::Rosters;
use super::{
    Found, GRAVE_CODE, HINT_TEXT, MINUTE_MS, NEWER_FIELD, NEWER_KIND, NEWER_OP, REMAINS_CODE,
    START_MS, Sealed, Start, Vault, Word, position, site_peg,
};

impl Vault {
    pub(super) fn find_grave(&mut self, site: SubjectId) -> Found {
        let coded = |org, kind, code: &str| {
            let (payload, _check) = code.rsplit_once('-').unwrap();
            SubjectId::of_code(org, kind, payload)
        };
        let fields = Map::new()
            .text(1, GRAVE_CODE)
            .with(2, site)
            .text(3, "individual_unmarked")
            .text(4, "izm1 t03 g012 a0");
        let word = Word::new(Kind::Grave, fields).about(coded(self.org, Kind::Grave, GRAVE_CODE));
        let grave = self.add(Word {
            position: position(),
            ..word
        });
        let grave_id = grave.header.subject;
        let fields = Map::new()
            .with(1, site)
            .text(2, "cross")
            .text(3, "Невідомий\nборець № 42 («Не тер…»)")
            .text(4, "42")
            .text(5, "standing");
        let marker = self.add(Word::new(Kind::Marker, fields)).header.subject;
        let link = SubjectId::of_link(self.org, Kind::GraveMarker, grave_id, marker);
        let fields = Map::new().with(1, grave_id).with(2, marker);
        self.add(Word::new(Kind::GraveMarker, fields).about(link));
        let remains = coded(self.org, Kind::Remains, REMAINS_CODE);
        let fields = Map::new()
            .text(1, REMAINS_CODE)
            .with(2, site)
            .with(3, grave_id)
            .text(4, "undetermined")
            .text(5, "IZM1T03 0042E5");
        self.add(Word::new(Kind::Remains, fields).about(remains));
        Found { grave, remains }
    }

    pub(super) fn take_photo(&mut self, remains: SubjectId) -> Sealed {
        let spec = PhotoSpec {
            thumbnail_side: None,
            ..PhotoSpec::new(16, 12, 1)
        };
        let jpeg = spec.to_jpeg();
        let photo = self.seal("blobs", &jpeg);
        let facts = read_facts(&jpeg);
        let capture: [u8; 16] = self.environment.random().unwrap();
        let fields = Map::new()
            .with(1, photo.name)
            .uint(2, photo.sealed_bytes)
            .with(3, photo.sha256)
            .uint(4, photo.bytes)
            .text(5, "image/jpeg")
            .text(6, "in_app_camera")
            .bytes(7, capture)
            .with(
                8,
                SubjectRef {
                    kind: Kind::Remains,
                    id: remains,
                },
            )
            .text(9, "G4")
            .with(10, facts_map(&facts))
            .array(11, self.recipients.iter().map(Value::text))
            .int(12, START_MS + 7 * MINUTE_MS)
            .text(13, "golden.jpg")
            .array(14, [])
            .uint(15, 1);
        let word = Word::new(Kind::Photo, fields).about(photo.subject);
        self.add(Word {
            position: position(),
            ..word
        });
        photo
    }

    /// Renditions, a possible name, and a conflict about the grave that a person resolves.
    pub(super) fn describe(&mut self, found: &Found, photo: &Sealed) {
        let rendition = |width: u16, height: u16| {
            let sealed = self.seal("blobs", &PhotoSpec::bare(width, height, 2).to_jpeg());
            Map::new()
                .with(0, sealed.name)
                .uint(1, sealed.sealed_bytes)
                .with(2, sealed.sha256)
                .uint(3, sealed.bytes)
                .uint(4, width.into())
                .uint(5, height.into())
                .array(6, [Value::text("colours_not_true")])
                .array(7, self.recipients.iter().map(Value::text))
        };
        let fields = Map::new().with(1, photo.subject);
        let fields = fields.with(2, rendition(8, 6)).with(3, rendition(16, 12));
        self.add(Word::new(Kind::RenditionsMade, fields));

        let part = Map::new().text(0, "surname").text(1, "Nesteren[?]…");
        let fields = Map::new()
            .with(
                1,
                SubjectRef {
                    kind: Kind::Remains,
                    id: found.remains,
                },
            )
            .text(2, "marker")
            .text(3, HINT_TEXT)
            .array(4, [part.into()])
            .text(5, "the plate is broken on the right")
            .text(6, "probable")
            .array(7, [photo.subject.into()]);
        self.add(Word::new(Kind::PersonHint, fields));

        let grave = found.grave.header.subject;
        let say = |kind: &str| Word::new(Kind::Grave, Map::new().text(3, kind)).about(grave);
        let was = &found.grave;
        let one = self.add(say("multiple").answer(Op::Set, &[was], Some(3)));
        let other = self.add(say("individual_marked").answer(Op::Set, &[was], Some(3)));
        let word = say("individual_marked").answer(Op::Resolve, &[&one, &other], Some(3));
        self.add(Word {
            reason: Some("opened: one person".to_owned()),
            ..word
        });
    }

    /// Names the site anew without having seen that another phone does: an open conflict. And gaps,
    /// a value taken back, a term that is not known, what was void, and what stands again.
    pub(super) fn disagree(&mut self, start: &Start) {
        let site = start.site;
        let name = Map::new().text(2, "Golden clearing — вигадана галявина");
        let word = Word::new(Kind::Site, name).about(site);
        self.add(word.answer(Op::Set, &[&start.named], Some(2)));
        let fields = Map::new()
            .with(1, site)
            .text(2, "wooden_post_of_a_later_version")
            .text(3, "[_]ест[?]…")
            .text(4, "№ 7")
            .with(6, Gap::NotExamined.to_value());
        let marker = self.add(Word::new(Kind::Marker, fields));
        let about = |fields| Word::new(Kind::Marker, fields).about(marker.header.subject);
        let nothing = about(Map::new().with(4, Value::Null));
        self.add(nothing.answer(Op::Set, &[&marker], Some(4)));
        let void = about(Map::new()).answer(Op::Void, &[&marker], Some(STANDING));
        let void = self.add(Word {
            reason: Some("no marker but a tree".to_owned()),
            ..void
        });
        let again = about(Map::new()).answer(Op::Set, &[&void], Some(STANDING));
        self.add(Word {
            reason: Some("a marker after all".to_owned()),
            ..again
        });
        let fields = Map::new().text(1, "Golden operator of another team");
        self.add(Word::new(
            Kind::Operator,
            fields.text(2, "eod").with(3, Gap::NotApplicable.to_value()),
        ));
    }

    /// Two authorities order that one body be erased; gives what the next run leaves out: that body,
    /// and one that is lost.
    pub(super) fn erase(&mut self, rosters: &Rosters) -> Vec<(u64, Absence)> {
        let hint = Word::new(
            Kind::Marker,
            Map::new().text(3, "a name that must not stand here"),
        );
        let target = self.add(hint);
        let lost = self.add(Word::new(Kind::Marker, Map::new().text(2, "stone")));
        let targets = [target.id];
        let orders = rosters.orders(self.org, &targets);
        let fields = Map::new()
            .array(1, targets.iter().map(|id| Value::from(*id)))
            .array(2, orders.iter().map(Value::bytes));
        let order = Some(self.add(Word::new(Kind::Erased, fields)).id);
        vec![
            (target.header.seq, Absence::Erased { order }),
            (lost.header.seq, Absence::Lost),
        ]
    }

    /// One of each happening that no other part of the day brings.
    pub(super) fn happen(&mut self, photo: &Sealed, receipt: &Receipt, run: &Sealed) {
        let spec = PhotoSpec::bare(4, 4, 3).to_jpeg();
        let plain = self.seal("blobs", &spec);
        let fields = Map::new()
            .with(1, plain.name)
            .uint(2, plain.sealed_bytes)
            .with(3, plain.sha256)
            .uint(4, plain.bytes)
            .text(5, "image/tiff")
            .text(6, "import_camera_card")
            .array(11, self.recipients.iter().map(Value::text))
            .bytes(13, b"\xc0\xee.tif")
            .array(14, [Value::text("wrong_extension")]);
        self.add(Word::new(Kind::Photo, fields).about(plain.subject));
        let fields = Map::new()
            .with(1, plain.subject)
            .text(4, "unsupported_format");
        self.add(Word::new(Kind::RenditionsMade, fields));
        let fields = Map::new().with(1, photo.name).text(2, self.session.clone());
        let fields = fields.bytes(3, self.environment.random::<32>().unwrap());
        self.add(Word::new(Kind::KeyGrant, fields));
        let fields = Map::new().with(1, photo.name).array(2, [receipt.id.into()]);
        self.add(Word::new(Kind::LocalCopyRemoved, fields));
        let fields = Map::new()
            .with(1, Hash32::of(b"a run that is gone"))
            .with(2, run.name);
        self.add(Word::new(Kind::RunRewritten, fields));
        self.add(Word::new(Kind::Marker, marker_under_a_tree()));
    }

    /// A marker entered twice, of which one copy is withdrawn; gives the number of the entry whose
    /// body is then withheld.
    pub(super) fn withdraw_a_marker(&mut self, site: SubjectId) -> u64 {
        let fields = Map::new().with(1, site).text(2, "stake").text(3, "42");
        let marker = self.add(Word::new(Kind::Marker, fields.text(5, "fallen")));
        let word = Word::new(Kind::Marker, Map::new()).about(marker.header.subject);
        let word = word.answer(Op::Withdraw, &[&marker], Some(STANDING));
        self.add(Word {
            reason: Some("entered twice".to_owned()),
            ..word
        });
        marker.header.seq
    }

    /// What later versions may write: an op, a header version and a field unknown today; and a kind,
    /// header key, body key and provider, with a position that has every key.
    pub(super) fn newer_entries(&mut self, site: SubjectId) {
        let named = |name: &str| Word::new(Kind::Site, Map::new().text(2, name)).about(site);
        self.add(Word {
            op: Op::Newer(NEWER_OP),
            ..named("by an op of a later version")
        });
        let word = named("by a header of a later version");
        let like = Entry::compose(self.header(&word), &self.body(&word)).unwrap();
        let mut header = Map::decode(&like.header_bytes).unwrap();
        for key in [9, 11, 12, 13, 14] {
            header.0.remove(&key);
        }
        let header = header.uint(0, 2).text(9, "said otherwise").encode();
        self.entries
            .push(Entry::parse(&header, like.body_bytes).unwrap());
        let fields = Map::new().text(NEWER_FIELD, "a field of a later version");
        self.add(Word {
            op: Op::Set,
            ..Word::new(Kind::Site, fields).about(site)
        });
        self.newer_kind();
    }

    pub(super) fn newer_kind(&mut self) {
        let word = Word::new(
            Kind::Unknown(NEWER_KIND),
            Map::new().text(1, "тихо").int(2, -7),
        );
        let like = Entry::compose(self.header(&word), &self.body(&word)).unwrap();
        let position = Map::new()
            .int(0, -900_000_000)
            .int(1, 1_800_000_000)
            .uint(2, 0)
            .text(3, "pigeon")
            .int(4, -1)
            .uint(5, 65_536)
            .int(6, -1)
            .uint(7, 359_999)
            .uint(8, 1)
            .uint(9, 24)
            .bytes(10, site_peg())
            .uint(11, 4_200);
        let mut body = Map::decode(like.body_bytes.here().unwrap()).unwrap();
        body = body
            .with(3, position)
            .text(40, "a body key of a later version");
        let body = body.encode();
        let mut header = Map::decode(&like.header_bytes).unwrap();
        header = header
            .with(16, Hash32::of(&body))
            .uint(17, body.len() as u64);
        header = header.array(
            18,
            [Value::Null, Value::Uint(u64::MAX), Value::Neg(i64::MIN)],
        );
        self.entries
            .push(Entry::parse(&header.encode(), BodyBytes::Here(body)).unwrap());
    }
}

/// Of which nobody can say much: the gaps that no other entry has.
fn marker_under_a_tree() -> Map {
    Map::new()
        .text(2, "plaque")
        .with(4, Gap::NoneSeen.to_value())
        .with(5, Gap::NotPossible.to_value())
        .with(6, Gap::NotDetermined.to_value())
}
