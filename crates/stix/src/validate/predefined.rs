//! The property tables of the predefined extensions.
//!
//! Source: STIX 2.1, sections 3.10, 6.7.2 to 6.7.6, 6.12.2 to 6.12.5, 6.13.2, 6.13.3 and 6.16.2.

use super::code;
use super::common::{BOOLEAN, COUNT, HASHES, INTEGER, TEXT, TEXTS};
use super::format;
use super::table::{Form, Keys, Kind, Precision, Rule, Shape, Table, Targets, inner, optional, required};
use super::vocab;

static ARTIFACTS: Targets = Targets::Only(&["artifact"]);
static FILES: Targets = Targets::Only(&["file"]);
static CONTENTS: Targets = Targets::Only(&["file", "directory"]);

/// The predefined extension `key`, and the type that it is made for.
pub(super) fn find(key: &str) -> Option<(&'static Shape, &'static str)> {
    Some(match key {
        "archive-ext" => (&ARCHIVE, "file"),
        "ntfs-ext" => (&NTFS, "file"),
        "pdf-ext" => (&PDF, "file"),
        "raster-image-ext" => (&RASTER_IMAGE, "file"),
        "windows-pebinary-ext" => (&PE_BINARY, "file"),
        "http-request-ext" => (&HTTP_REQUEST, "network-traffic"),
        "icmp-ext" => (&ICMP, "network-traffic"),
        "socket-ext" => (&SOCKET, "network-traffic"),
        "tcp-ext" => (&TCP, "network-traffic"),
        "windows-process-ext" => (&WINDOWS_PROCESS, "process"),
        "windows-service-ext" => (&WINDOWS_SERVICE, "process"),
        "unix-account-ext" => (&UNIX_ACCOUNT, "user-account"),
        _ => return None,
    })
}

static ARCHIVE: Shape = inner(
    "archive-ext",
    "6.7.2",
    &Table::new(&[required("contains_refs", Kind::List(&Kind::Ref(&CONTENTS))), optional("comment", TEXT)]),
    &[],
);

static DATA_STREAM: Shape = inner(
    "alternate-data-stream-type",
    "6.7.3",
    &Table::new(&[required("name", TEXT), optional("hashes", HASHES), optional("size", COUNT)]),
    &[],
);

static NTFS: Shape = inner(
    "ntfs-ext",
    "6.7.3",
    &Table::new(&[
        optional("sid", TEXT),
        optional("alternate_data_streams", Kind::List(&Kind::Object(&DATA_STREAM))),
    ]),
    &[Rule::AnyOwn],
);

static PDF: Shape = inner(
    "pdf-ext",
    "6.7.4",
    &Table::new(&[
        optional("version", TEXT),
        optional("is_optimized", BOOLEAN),
        optional(
            "document_info_dict",
            Kind::Dictionary(&TEXT, Keys::Listed(&code::PDF_INFO, format::is_pdf_info)),
        ),
        optional("pdfid0", TEXT),
        optional("pdfid1", TEXT),
    ]),
    &[Rule::AnyOwn],
);

static RASTER_IMAGE: Shape = inner(
    "raster-image-ext",
    "6.7.5",
    &Table::new(&[
        optional("image_height", INTEGER),
        optional("image_width", INTEGER),
        optional("bits_per_pixel", INTEGER),
        optional("exif_tags", Kind::Dictionary(&Kind::TextOrInteger, Keys::Foreign)),
    ]),
    &[Rule::AnyOwn],
);

static PE_OPTIONAL_HEADER: Shape = inner(
    "windows-pe-optional-header-type",
    "6.7.6",
    &Table::new(&[
        optional("magic_hex", Kind::Hex),
        optional("major_linker_version", INTEGER),
        optional("minor_linker_version", INTEGER),
        optional("size_of_code", COUNT),
        optional("size_of_initialized_data", COUNT),
        optional("size_of_uninitialized_data", COUNT),
        optional("address_of_entry_point", INTEGER),
        optional("base_of_code", INTEGER),
        optional("base_of_data", INTEGER),
        optional("image_base", INTEGER),
        optional("section_alignment", INTEGER),
        optional("file_alignment", INTEGER),
        optional("major_os_version", INTEGER),
        optional("minor_os_version", INTEGER),
        optional("major_image_version", INTEGER),
        optional("minor_image_version", INTEGER),
        optional("major_subsystem_version", INTEGER),
        optional("minor_subsystem_version", INTEGER),
        optional("win32_version_value_hex", Kind::Hex),
        optional("size_of_image", COUNT),
        optional("size_of_headers", COUNT),
        optional("checksum_hex", Kind::Hex),
        optional("subsystem_hex", Kind::Hex),
        optional("dll_characteristics_hex", Kind::Hex),
        optional("size_of_stack_reserve", COUNT),
        optional("size_of_stack_commit", COUNT),
        optional("size_of_heap_reserve", COUNT),
        optional("size_of_heap_commit", COUNT),
        optional("loader_flags_hex", Kind::Hex),
        optional("number_of_rva_and_sizes", INTEGER),
        optional("hashes", HASHES),
    ]),
    &[Rule::AnyOwn],
);

static PE_SECTION: Shape = inner(
    "windows-pe-section-type",
    "6.7.6",
    &Table::new(&[
        required("name", TEXT),
        optional("size", COUNT),
        optional("entropy", Kind::Float(f64::MIN, f64::MAX)),
        optional("hashes", HASHES),
    ]),
    &[],
);

static PE_BINARY: Shape = inner(
    "windows-pebinary-ext",
    "6.7.6",
    &Table::new(&[
        required("pe_type", Kind::Word(&vocab::PE_TYPE)),
        optional("imphash", TEXT),
        optional("machine_hex", Kind::Hex),
        optional("number_of_sections", COUNT),
        optional("time_date_stamp", Kind::Time(Precision::Second)),
        optional("pointer_to_symbol_table_hex", Kind::Hex),
        optional("number_of_symbols", COUNT),
        optional("size_of_optional_header", COUNT),
        optional("characteristics_hex", Kind::Hex),
        optional("file_header_hashes", HASHES),
        optional("optional_header", Kind::Object(&PE_OPTIONAL_HEADER)),
        optional("sections", Kind::List(&Kind::Object(&PE_SECTION))),
    ]),
    &[Rule::AnyOf(&[
        "imphash",
        "machine_hex",
        "number_of_sections",
        "time_date_stamp",
        "pointer_to_symbol_table_hex",
        "number_of_symbols",
        "size_of_optional_header",
        "characteristics_hex",
        "file_header_hashes",
        "optional_header",
        "sections",
    ])],
);

static HTTP_REQUEST: Shape = inner(
    "http-request-ext",
    "6.12.2",
    &Table::new(&[
        required("request_method", TEXT),
        required("request_value", TEXT),
        optional("request_version", TEXT),
        optional(
            "request_header",
            Kind::Dictionary(&TEXTS, Keys::Listed(&code::HTTP_HEADER, format::is_http_header)),
        ),
        optional("message_body_length", INTEGER),
        optional("message_body_data_ref", Kind::Ref(&ARTIFACTS)),
    ]),
    &[],
);

static ICMP: Shape = inner(
    "icmp-ext",
    "6.12.3",
    &Table::new(&[required("icmp_type_hex", Kind::Hex), required("icmp_code_hex", Kind::Hex)]),
    &[],
);

static SOCKET: Shape = inner(
    "socket-ext",
    "6.12.4",
    &Table::new(&[
        required("address_family", Kind::Word(&vocab::SOCKET_FAMILY)),
        optional("is_blocking", BOOLEAN),
        optional("is_listening", BOOLEAN),
        optional(
            "options",
            Kind::Dictionary(&INTEGER, Keys::Listed(&code::SOCKET_OPTION, format::is_socket_option)),
        ),
        optional("socket_type", Kind::Word(&vocab::SOCKET_TYPE)),
        optional("socket_descriptor", COUNT),
        optional("socket_handle", INTEGER),
    ]),
    &[],
);

static TCP: Shape = inner(
    "tcp-ext",
    "6.12.5",
    &Table::new(&[optional("src_flags_hex", Kind::Hex), optional("dst_flags_hex", Kind::Hex)]),
    &[Rule::AnyOwn],
);

static WINDOWS_PROCESS: Shape = inner(
    "windows-process-ext",
    "6.13.2",
    &Table::new(&[
        optional("aslr_enabled", BOOLEAN),
        optional("dep_enabled", BOOLEAN),
        optional("priority", Kind::Form(Form::Priority)),
        optional("owner_sid", TEXT),
        optional("window_title", TEXT),
        // The name that errata 01 prints.
        optional("windows_title", TEXT),
        optional("startup_info", Kind::Dictionary(&Kind::Any, Keys::Foreign)),
        optional("integrity_level", Kind::Word(&vocab::INTEGRITY_LEVEL)),
    ]),
    &[Rule::AnyOwn],
);

static WINDOWS_SERVICE: Shape = inner(
    "windows-service-ext",
    "6.13.3",
    &Table::new(&[
        optional("service_name", TEXT),
        optional("descriptions", TEXTS),
        optional("display_name", TEXT),
        optional("group_name", TEXT),
        optional("start_type", Kind::Word(&vocab::SERVICE_START)),
        optional("service_dll_refs", Kind::List(&Kind::Ref(&FILES))),
        optional("service_type", Kind::Word(&vocab::SERVICE_TYPE)),
        optional("service_status", Kind::Word(&vocab::SERVICE_STATUS)),
    ]),
    &[Rule::AnyOwn],
);

static UNIX_ACCOUNT: Shape = inner(
    "unix-account-ext",
    "6.16.2",
    &Table::new(&[
        optional("gid", INTEGER),
        optional("groups", TEXTS),
        optional("home_dir", TEXT),
        optional("shell", TEXT),
    ]),
    &[Rule::AnyOwn],
);
