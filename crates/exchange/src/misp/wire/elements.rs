//! The elements of the core format: one table each, from which reading and writing follow.
//!
//! A field that MISP sends as text is [`Text`], though it may hold a number; a truth is a [`Flag`].

use super::lenient::element;
use super::{Any, Flag, Many, One, Text};

element! {
    /// An event: what happened or was found, and everything that belongs to it.
    Event {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of the organisation that made it.
        orgc_id: Text = "orgc_id" here;
        /// Number of the organisation that holds it.
        org_id: Text = "org_id" here;
        /// `YYYY-MM-DD`.
        date: Text = "date";
        /// `1` high, `2` medium, `3` low, `4` undefined.
        threat_level_id: Text = "threat_level_id";
        /// Its title.
        info: Text = "info";
        /// Whether it is published.
        published: Flag = "published";
        /// Its UUID.
        uuid: Text = "uuid";
        /// How many attributes it has.
        attribute_count: Text = "attribute_count" here;
        /// `0` initial, `1` ongoing, `2` completed.
        analysis: Text = "analysis";
        /// When it was last changed, in seconds since 1970.
        timestamp: Text = "timestamp";
        /// `0` this organisation, `1` this community, `2` connected communities, `3` all, `4` a sharing group.
        distribution: Text = "distribution";
        /// Whether a mail about proposals was sent.
        proposal_email_lock: Flag = "proposal_email_lock" here;
        /// Whether it came from elsewhere.
        locked: Flag = "locked";
        /// When it was last published, in seconds since 1970; `0` if never.
        publish_timestamp: Text = "publish_timestamp";
        /// Number of its sharing group; `0` if none.
        sharing_group_id: Text = "sharing_group_id" here;
        /// Whether it is left out of correlation.
        disable_correlation: Flag = "disable_correlation";
        /// The event that it extends.
        extends_uuid: Text = "extends_uuid";
        /// Whether it may be changed by holders of its keys alone.
        protected: Any = "protected";
        /// Address of the user who made it; seen by that organisation alone.
        event_creator_email: Text = "event_creator_email" here;
        /// The organisation that holds it.
        org: One<Org> = "Org";
        /// The organisation that made it.
        orgc: One<Org> = "Orgc";
        /// Its sharing group.
        sharing_group: One<Group> = "SharingGroup";
        /// Attributes that stand in no object.
        attributes: Many<Attribute> = "Attribute" always;
        /// Proposals to add attributes.
        proposals: Many<Proposal> = "ShadowAttribute";
        /// Events with the same values, as one instance sees them.
        related: Any = "RelatedEvent" here;
        /// What the event is about.
        galaxies: Many<Galaxy> = "Galaxy";
        /// Its objects.
        objects: Many<Object> = "Object" always;
        /// Texts.
        reports: Many<Report> = "EventReport";
        /// Keys that protect it.
        keys: Any = "CryptographicKey" here;
        /// Its tags.
        tags: Many<Tag> = "Tag";
        /// What analysts noted.
        notes: Many<Analyst> = "Note";
        /// What analysts think of it.
        opinions: Many<Analyst> = "Opinion";
        /// What analysts relate it to.
        relationships: Many<Analyst> = "Relationship";
    }
}

element! {
    /// An attribute: one value and what is said of it.
    Attribute {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of its event.
        event_id: Text = "event_id" here;
        /// Number of its object; `0` if none.
        object_id: Text = "object_id" here;
        /// Its role in its object, from the object's template.
        object_relation: Text = "object_relation";
        /// Where in an incident it belongs, such as `Network activity`.
        category: Text = "category";
        /// What kind of value it is, such as `ip-dst|port`.
        kind: Text = "type";
        /// The value; composite ones have a `|` in it.
        value: Text = "value";
        /// Whether it is to be looked for.
        to_ids: Flag = "to_ids";
        /// Its UUID.
        uuid: Text = "uuid";
        /// When it was last changed, in seconds since 1970.
        timestamp: Text = "timestamp";
        /// As an event's; `5` is the event's or object's own.
        distribution: Text = "distribution";
        /// Number of its sharing group; `0` if none.
        sharing_group_id: Text = "sharing_group_id" here;
        /// What is said of it.
        comment: Text = "comment";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
        /// Whether it is left out of correlation.
        disable_correlation: Flag = "disable_correlation";
        /// When it was first seen, RFC 3339 with microseconds.
        first_seen: Text = "first_seen";
        /// When it was last seen.
        last_seen: Text = "last_seen";
        /// Its attached file, base64; of a `malware-sample` a ZIP with the password `infected`.
        data: Text = "data";
        /// UUID of its event, where it is sent without.
        event_uuid: Text = "event_uuid" here;
        /// Its sharing group.
        sharing_group: One<Group> = "SharingGroup";
        /// What it points to.
        galaxies: Many<Galaxy> = "Galaxy";
        /// Proposals to change it.
        proposals: Many<Proposal> = "ShadowAttribute";
        /// Its tags.
        tags: Many<Tag> = "Tag";
        /// Who has seen it.
        sightings: Many<Sighting> = "Sighting";
        /// What analysts noted.
        notes: Many<Analyst> = "Note";
        /// What analysts think of it.
        opinions: Many<Analyst> = "Opinion";
        /// What analysts relate it to.
        relationships: Many<Analyst> = "Relationship";
        /// Its event in short, where a search gives attributes.
        event: Any = "Event" here;
    }
}

element! {
    /// A proposal: an attribute to be added, changed or deleted, not part of the event until it is accepted.
    Proposal {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of the attribute that it would change; `0` if it is new.
        old_id: Text = "old_id" here;
        /// Number of the event.
        event_id: Text = "event_id" here;
        /// As an attribute's.
        kind: Text = "type";
        /// As an attribute's.
        category: Text = "category";
        /// As an attribute's.
        value: Text = "value";
        /// As an attribute's.
        to_ids: Flag = "to_ids";
        /// UUID of the attribute that it would change, or its own.
        uuid: Text = "uuid";
        /// UUID of its event.
        event_uuid: Text = "event_uuid" here;
        /// Number of the organisation that made it.
        org_id: Text = "org_id" here;
        /// UUID of the organisation whose event it is.
        event_org_id: Text = "event_org_id" here;
        /// As an attribute's.
        timestamp: Text = "timestamp";
        /// As an attribute's.
        first_seen: Text = "first_seen";
        /// As an attribute's.
        last_seen: Text = "last_seen";
        /// As an attribute's.
        comment: Text = "comment";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
        /// Whether it wants the attribute deleted.
        proposal_to_delete: Flag = "proposal_to_delete";
        /// As an attribute's.
        disable_correlation: Flag = "disable_correlation";
        /// As an attribute's.
        data: Text = "data";
        /// The organisation that made it.
        org: One<Org> = "Org";
    }
}

element! {
    /// An object: attributes that describe one thing together, each in a role.
    Object {
        /// Number in one instance.
        id: Text = "id" here;
        /// The template's name, such as `file`.
        name: Text = "name";
        /// The template's category.
        meta_category: Text = "meta-category";
        /// The template's description.
        description: Text = "description";
        /// The template's UUID.
        template_uuid: Text = "template_uuid";
        /// The template's version.
        template_version: Text = "template_version";
        /// Number of its event.
        event_id: Text = "event_id" here;
        /// Its UUID.
        uuid: Text = "uuid";
        /// When it was last changed, in seconds since 1970.
        timestamp: Text = "timestamp";
        /// As an attribute's.
        distribution: Text = "distribution";
        /// Number of its sharing group; `0` if none.
        sharing_group_id: Text = "sharing_group_id" here;
        /// What is said of it.
        comment: Text = "comment";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
        /// When it was first seen.
        first_seen: Text = "first_seen";
        /// When it was last seen.
        last_seen: Text = "last_seen";
        /// Its sharing group.
        sharing_group: One<Group> = "SharingGroup";
        /// What it refers to.
        references: Many<ObjectReference> = "ObjectReference";
        /// Its attributes.
        attributes: Many<Attribute> = "Attribute" always;
        /// What analysts noted.
        notes: Many<Analyst> = "Note";
        /// What analysts think of it.
        opinions: Many<Analyst> = "Opinion";
        /// What analysts relate it to.
        relationships: Many<Analyst> = "Relationship";
    }
}

element! {
    /// A reference from an object to another object or an attribute.
    ObjectReference {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its UUID.
        uuid: Text = "uuid";
        /// When it was last changed, in seconds since 1970.
        timestamp: Text = "timestamp";
        /// Number of the object that refers.
        object_id: Text = "object_id" here;
        /// Number of the event.
        event_id: Text = "event_id" here;
        /// UUID of the object that refers.
        object_uuid: Text = "object_uuid";
        /// The same, as MISP also names it.
        source_uuid: Text = "source_uuid";
        /// UUID of what is referred to.
        referenced_uuid: Text = "referenced_uuid";
        /// Number of what is referred to.
        referenced_id: Text = "referenced_id" here;
        /// `0` an attribute, `1` an object.
        referenced_type: Text = "referenced_type";
        /// How they are related.
        relationship_type: Text = "relationship_type";
        /// What is said of it.
        comment: Text = "comment";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
    }
}

element! {
    /// A tag, such as `tlp:green`.
    Tag {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its name.
        name: Text = "name";
        /// `#rrggbb`.
        colour: Text = "colour";
        /// Whether it leaves the instance with what it stands on.
        exportable: Flag = "exportable";
        /// Whether it is hidden from users.
        hide_tag: Flag = "hide_tag";
        /// Its place in an order, from its taxonomy.
        numerical_value: Any = "numerical_value";
        /// Whether it names a cluster.
        is_galaxy: Flag = "is_galaxy";
        /// Whether it names a cluster of somebody's own.
        is_custom_galaxy: Flag = "is_custom_galaxy";
        /// Whether it never leaves the instance.
        local: Flag = "local";
        /// How what it stands on is related to it.
        relationship_type: Text = "relationship_type";
    }
}

element! {
    /// A galaxy: a catalogue of clusters, here with those that are meant.
    Galaxy {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its UUID.
        uuid: Text = "uuid";
        /// Its name, such as `Threat Actor`.
        name: Text = "name";
        /// Its type, such as `threat-actor`.
        kind: Text = "type";
        /// What it holds.
        description: Text = "description";
        /// Its version.
        version: Text = "version";
        /// Its picture's name.
        icon: Text = "icon";
        /// Whose it is, such as `misp` or `mitre-attack`.
        namespace: Text = "namespace";
        /// Its kill chains.
        kill_chain_order: Any = "kill_chain_order";
        /// The clusters that are meant.
        clusters: Many<Cluster> = "GalaxyCluster" always;
    }
}

element! {
    /// A cluster: one actor, tool, technique, sector …
    Cluster {
        /// Number in one instance.
        id: Text = "id" here;
        /// UUID of its collection or of itself, as older versions name it.
        collection_uuid: Text = "collection_uuid";
        /// Its galaxy's type.
        kind: Text = "type";
        /// Its name.
        value: Text = "value";
        /// `misp-galaxy:TYPE="NAME"`.
        tag_name: Text = "tag_name";
        /// What it is.
        description: Text = "description";
        /// Number of its galaxy.
        galaxy_id: Text = "galaxy_id" here;
        /// Where it is from.
        source: Text = "source";
        /// Who wrote it.
        authors: Any = "authors";
        /// Its version.
        version: Text = "version";
        /// Its UUID.
        uuid: Text = "uuid";
        /// Number of its tag.
        tag_id: Text = "tag_id" here;
        /// As an event's.
        distribution: Text = "distribution";
        /// Number of its sharing group.
        sharing_group_id: Text = "sharing_group_id" here;
        /// Whether it is part of the catalogue that MISP ships.
        default: Flag = "default";
        /// Whether it came from elsewhere.
        locked: Flag = "locked";
        /// The cluster that it extends.
        extends_uuid: Text = "extends_uuid";
        /// Version of that one.
        extends_version: Text = "extends_version";
        /// Whether it is published.
        published: Flag = "published";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
        /// Its properties: a name and a list of texts each.
        meta: Any = "meta";
        /// The same, as a list of pairs.
        elements: Any = "GalaxyElement";
        /// What it is related to.
        relations: Any = "GalaxyClusterRelation";
        /// The organisation that made it.
        orgc: One<Org> = "Orgc";
        /// The organisation that holds it.
        org: One<Org> = "Org";
        /// What analysts relate it to.
        relationships: Many<Analyst> = "Relationship";
        /// Whether its tag never leaves the instance.
        local: Flag = "local";
        /// How what it stands on is related to it.
        relationship_type: Text = "relationship_type";
    }
}

element! {
    /// An organisation.
    Org {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its name.
        name: Text = "name";
        /// Its UUID.
        uuid: Text = "uuid";
        /// Whether it has users on the instance.
        local: Flag = "local";
    }
}

element! {
    /// A sharing group: who may have something. Between instances its UUID alone names it.
    Group {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its name.
        name: Text = "name";
        /// Whom it is for, in words.
        releasability: Text = "releasability";
        /// What it is for.
        description: Text = "description";
        /// Its UUID.
        uuid: Text = "uuid";
        /// UUID of the organisation that made it.
        organisation_uuid: Text = "organisation_uuid";
        /// Number of the organisation that holds it.
        org_id: Text = "org_id" here;
        /// Number of the user through whom it came.
        sync_user_id: Text = "sync_user_id" here;
        /// Whether it is used.
        active: Flag = "active";
        /// `YYYY-MM-DD HH:MM:SS`.
        created: Text = "created";
        /// `YYYY-MM-DD HH:MM:SS`.
        modified: Text = "modified";
        /// Whether it was made on the instance.
        local: Flag = "local";
        /// Whether it goes to every instance that knows one of its members.
        roaming: Flag = "roaming";
        /// The organisation that made it.
        organisation: One<Org> = "Organisation";
        /// Its members.
        orgs: Many<GroupOrg> = "SharingGroupOrg";
        /// The instances to which it goes.
        servers: Many<GroupServer> = "SharingGroupServer";
    }
}

element! {
    /// A member of a sharing group.
    GroupOrg {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of the group.
        sharing_group_id: Text = "sharing_group_id" here;
        /// Number of the organisation.
        org_id: Text = "org_id" here;
        /// Whether it may change the group.
        extend: Flag = "extend";
        /// The organisation.
        organisation: One<Org> = "Organisation";
    }
}

element! {
    /// An instance in a sharing group.
    GroupServer {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of the group.
        sharing_group_id: Text = "sharing_group_id" here;
        /// Number of the server; `0` is the one that sends.
        server_id: Text = "server_id" here;
        /// Whether everybody there may have it.
        all_orgs: Flag = "all_orgs";
        /// The server.
        server: One<Server> = "Server";
    }
}

element! {
    /// A MISP instance.
    Server {
        /// Number in one instance.
        id: Text = "id" here;
        /// Where it is.
        url: Text = "url";
        /// Its name.
        name: Text = "name";
    }
}

element! {
    /// A sighting of an attribute.
    Sighting {
        /// Number in one instance.
        id: Text = "id" here;
        /// Number of the attribute.
        attribute_id: Text = "attribute_id" here;
        /// Number of the event.
        event_id: Text = "event_id" here;
        /// Number of the organisation that saw it.
        org_id: Text = "org_id" here;
        /// When, in seconds since 1970.
        date_sighting: Text = "date_sighting";
        /// Its UUID.
        uuid: Text = "uuid";
        /// With what it was seen.
        source: Text = "source";
        /// `0` seen, `1` a false positive, `2` it expires then.
        kind: Text = "type";
        /// UUID of the attribute.
        attribute_uuid: Text = "attribute_uuid";
        /// UUID of the object.
        object_uuid: Text = "object_uuid";
        /// The organisation that saw it.
        organisation: One<Org> = "Organisation";
    }
}

element! {
    /// A text that belongs to an event, in Markdown.
    Report {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its UUID.
        uuid: Text = "uuid";
        /// Number of its event.
        event_id: Text = "event_id" here;
        /// Its title.
        name: Text = "name";
        /// The text.
        content: Text = "content";
        /// As an attribute's.
        distribution: Text = "distribution";
        /// Number of its sharing group.
        sharing_group_id: Text = "sharing_group_id" here;
        /// When it was last changed, in seconds since 1970.
        timestamp: Text = "timestamp";
        /// Whether it was taken back.
        deleted: Flag = "deleted";
        /// Its sharing group.
        sharing_group: One<Group> = "SharingGroup";
        /// Its tags.
        tags: Many<Tag> = "Tag";
    }
}

element! {
    /// What an analyst adds to something: a note, an opinion or a relationship.
    Analyst {
        /// Number in one instance.
        id: Text = "id" here;
        /// Its UUID.
        uuid: Text = "uuid";
        /// UUID of what it is about.
        object_uuid: Text = "object_uuid";
        /// What that is: `Event`, `Attribute`, `Object` …
        object_type: Text = "object_type";
        /// Who wrote it.
        authors: Text = "authors";
        /// UUID of the organisation that holds it.
        org_uuid: Text = "org_uuid";
        /// UUID of the organisation that made it.
        orgc_uuid: Text = "orgc_uuid";
        /// `YYYY-MM-DD HH:MM:SS`.
        created: Text = "created";
        /// `YYYY-MM-DD HH:MM:SS`.
        modified: Text = "modified";
        /// As an event's.
        distribution: Text = "distribution";
        /// Number of its sharing group.
        sharing_group_id: Text = "sharing_group_id" here;
        /// Whether it came from elsewhere.
        locked: Flag = "locked";
        /// A note's text.
        note: Text = "note";
        /// A note's language.
        language: Text = "language";
        /// An opinion, 0 to 100.
        opinion: Text = "opinion";
        /// An opinion's reason.
        comment: Text = "comment";
        /// How a relationship's ends are related.
        relationship_type: Text = "relationship_type";
        /// UUID of a relationship's other end.
        related_object_uuid: Text = "related_object_uuid";
        /// What that is.
        related_object_type: Text = "related_object_type";
        /// What other analysts note about it.
        notes: Many<Analyst> = "Note";
        /// The organisation that made it.
        orgc: One<Org> = "Orgc";
    }
}
