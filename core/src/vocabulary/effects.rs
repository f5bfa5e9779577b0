//! The words of clothing and finds.

use super::vocabulary;

vocabulary! {
    /// What a thing is.
    EffectCategory "effect_category" from "ICRC B.1–B.5; GC I 16; Imena" {
        Clothing "clothing" "clothing" "одяг",
        Footwear "footwear" "footwear" "взуття",
        Eyewear "eyewear" "glasses" "окуляри",
        Watch "watch" "watch" "годинник",
        Jewellery "jewellery" "jewellery" "прикраса",
        TextileWristband "textile_wristband" "textile wristband" "браслет із тканини",
        Wallet "wallet" "wallet" "гаманець",
        Money "money" "money" "гроші",
        BankCard "bank_card" "bank card" "банківська картка",
        Keys "keys" "keys" "ключі",
        Phone "phone" "phone" "телефон",
        ElectronicMedia "electronic_media" "SIM, card or drive" "SIM, картка або носій",
        IdentityDocument "identity_document" "identity document" "документ, що посвідчує особу",
        IdentityDisc "identity_disc" "identity disc" "жетон",
        Insignia "insignia" "insignia" "знаки розрізнення",
        ChevronPatch "chevron_patch" "chevron or patch" "шеврон або нашивка",
        BodyArmourHelmet "body_armour_helmet" "body armour or helmet" "бронежилет або шолом",
        BagBackpack "bag_backpack" "bag or backpack" "сумка або рюкзак",
        Medicine "medicine" "medicine" "ліки",
        MedicalDeviceOrBandage "medical_device_or_bandage" "medical device or bandage" "медичний виріб або пов’язка",
        HospitalTag "hospital_tag" "hospital tag" "лікарняна бирка",
        LetterPhoto "letter_photo" "letter or photo" "лист або світлина",
        NoteOrContainer "note_or_container" "note or its container" "записка або її сховок",
        Religious "religious" "religious item" "релігійний предмет",
        BurialItem "burial_item" "burial item" "поховальний предмет",
        ToyChildItem "toy_child_item" "toy or a child’s thing" "іграшка або дитяча річ",
        Household "household" "household item" "предмет побуту",
        RestraintLigature "restraint_ligature" "restraint or ligature" "пута або мотузка",
        ProjectileFragment "projectile_fragment" "projectile or fragment" "куля або уламок",
        CartridgeCase "cartridge_case" "cartridge case" "гільза",
        WeaponAmmunition "weapon_ammunition" "weapon or ammunition" "зброя або боєприпас",
        Unspecified "other" "other" "інше",
    }
}

vocabulary! {
    /// A colour as people name it.
    Colour "colour" from "ICRC B.1; Imena" {
        Black "black" "black" "чорний",
        White "white" "white" "білий",
        Grey "grey" "grey" "сірий",
        Brown "brown" "brown" "коричневий",
        Beige "beige" "beige" "бежевий",
        Red "red" "red" "червоний",
        Orange "orange" "orange" "помаранчевий",
        Yellow "yellow" "yellow" "жовтий",
        Green "green" "green" "зелений",
        Olive "olive" "olive" "оливковий",
        LightBlue "light_blue" "light blue" "блакитний",
        Blue "blue" "blue" "синій",
        Violet "violet" "violet" "фіолетовий",
        Pink "pink" "pink" "рожевий",
        SilverColoured "silver_coloured" "silver-coloured" "сріблястий",
        GoldColoured "gold_coloured" "gold-coloured" "золотистий",
        Camouflage "camouflage" "camouflage" "камуфляж",
        Unspecified "other" "other" "інший",
    }
}

vocabulary! {
    /// Where a thing was found in relation to the body.
    OnBody "on_body" from "ICRC B.1" {
        Worn "worn" "worn" "на тілі",
        Pocket "pocket" "in a pocket" "у кишені",
        Hand "hand" "in a hand" "у руці",
        Beside "beside" "beside the body" "біля тіла",
        Fill "fill" "in the fill of the grave" "у заповненні могили",
    }
}

vocabulary! {
    /// Where a thing is kept.
    Disposition "disposition" from "GC I 16; ICRC; Imena" {
        LeftOnBody "left_on_body" "left on the body" "залишено на тілі",
        InBagWithBody "in_bag_with_body" "in the bag with the body" "у мішку з тілом",
        SealedPacket "sealed_packet" "in a sealed packet" "в опломбованому пакеті",
        TakenAsEvidence "taken_as_evidence" "taken as evidence" "вилучено як доказ",
        NotMoved "not_moved" "not moved" "не зрушено",
        RemovedByEod "removed_by_eod" "removed by sappers" "вилучили сапери",
        MovedBeforeRecord "moved_before_record" "moved before it was recorded" "зрушено до запису",
        DestroyedInPlace "destroyed_in_place" "destroyed in place" "знищено на місці",
    }
}
