# Kata-kata dalam imbauan, formulir jawabannya, dan surel. Isi yang berasal dari objek tetap dalam bahasa sumbernya.

language = Bahasa Indonesia
heading = Imbauan keamanan
dateline = { $node } · { $date } (UTC) · Untuk: { $member }

tlp-clear = Siapa pun boleh menerima dokumen ini.
tlp-green = Anda boleh meneruskannya di dalam komunitas Anda, tetapi tidak kepada umum.
tlp-amber = Anda boleh meneruskannya di dalam organisasi Anda dan kepada kliennya, kepada mereka yang memerlukannya untuk melindungi diri.
tlp-amber-strict = Anda hanya boleh meneruskannya di dalam organisasi Anda, kepada mereka yang memerlukannya untuk melindunginya.
tlp-red = Dokumen ini hanya untuk Anda. Jangan diteruskan.

alert = Tingkat siaga
fires = { $circle }: { $fires } dari 5 api, { $why }
fires-calm = tidak ada yang perlu diperhatikan
fires-news = ada hal baru yang perlu ditindaklanjuti
fires-incident = sebuah insiden telah dibagikan
fires-high = sesuatu yang tingkat bahayanya tinggi telah dibagikan
fires-critical = sesuatu yang kritis telah dibagikan
fires-seen = { $count ->
   *[other] { $count } anggota melihat hal yang dibagikan di sini
}

happened = Apa yang terjadi
nothing-told = Mitra Anda membagikan nilai yang perlu dicari, tanpa laporan tentangnya.
also-known = Juga dikenal sebagai: { $names }
more-told = Masih ada { $count } laporan, kelompok, atau kampanye lain yang diketahui mitra Anda.
told-report = Laporan
told-incident = Insiden
told-campaign = Kampanye
told-intrusion-set = Kelompok
told-threat-actor = Penyerang
told-vulnerability = Kerentanan

concerned = Siapa yang terkena
concerned-unknown = Sumber tidak menyebut sektor atau negara. Anggaplah bahwa Anda mungkin terkena.

today = Yang perlu dilakukan hari ini
hand-on = Berikan halaman ini kepada pengelola jaringan Anda
hand-on-text = Minta mereka memblokir isi tabel di bawah pada server DNS, firewall, atau server surel.
look = Periksa apakah hal ini pernah terjadi di tempat Anda
look-text = Cari nilai di bawah dalam log server surel, proksi, dan server DNS, sejauh mungkin ke belakang.
stop = Hentikan tindakan atas yang tidak berlaku lagi
stop-text = Mintalah blokir atas nilai dalam tabel kedua di bawah dibuka.
meets = Menangkal { $count } dari cara-cara yang sedang dipakai.
for-it = Untuk bagian TI Anda: { $what }
for-it-alone = Bagian TI Anda dapat melakukan langkah ini dengan alatnya.

keep = Yang perlu disimpan dan dilaporkan
keep-first = Jika Anda menemukan sesuatu, jangan mengubah apa pun dahulu
keep-first-text = Jangan matikan komputer. Putuskan dari jaringan, catat waktunya, simpan log, lalu hubungi kontak.
keep-which = Nilai mana yang Anda lihat
keep-when = Kapan, dan pada berapa komputer
keep-nothing = Jika Anda tidak melihat apa pun, sampaikan juga: itu pun membantu.
answer-here = Jawab di sini tanpa log masuk. Tautan ini berlaku satu kali, sampai { $until } (UTC).
answer-to = Anda juga dapat menulis ke { $address }.
answer-sender = Jawablah kepada pengirim halaman ini.

call = Siapa yang dihubungi
no-contact = Tidak ada kontak yang disebutkan. Jawablah kepada pengirim halaman ini.

values = Yang perlu dicari
values-text = Titik diberi kurung agar tidak ada yang membuka tautan secara tidak sengaja. Jangan pernah membuka alamat ini.
no-values = Saat ini tidak ada yang perlu dicari.
more-values = Masih ada { $count } nilai yang tidak ditampilkan di sini; mintalah daftar untuk perangkat Anda.
column-kind = Jenis
column-value = Nilai
column-name = Terkait dengan
column-since = Sejak
column-why = Alasan
column-until = Tanggal
counts-domain = Nama domain: { $count }
counts-url = Halaman web: { $count }
counts-address = Alamat jaringan: { $count }
counts-file = Berkas (menurut hash): { $count }
counts-mail = Pengirim surel: { $count }
counts-wallet = Dompet: { $count }
kind-domain = Nama domain
kind-url = Halaman web
kind-address = Alamat
kind-file = Berkas
kind-mail = Pengirim surel
kind-wallet = Dompet

gone = Yang tidak berlaku lagi
gone-text = Dalam tujuh hari terakhir mitra Anda menarik nilai ini, atau masa berlakunya habis. Berhentilah memblokir dan mencarinya.
gone-withdrawn = Ditarik
gone-expired = Kedaluwarsa

page = Versi terbaru
page-here = Halaman ini, selalu mutakhir. Masuklah dengan akses Anda sendiri.
page-nowhere = Mintalah versi terbaru kepada pengirim halaman ini.
code-alt = Kode untuk dipindai, yang membuka { $url }
page-number = Halaman { $number }
cut = Dokumen ini terlalu panjang untuk dicetak seluruhnya: sisanya tidak dimuat di sini.

mail-subject = [{ $tlp }] [{ $fires }/5] Imbauan keamanan, { $date }

digest-urgent = MENDESAK: { $what }
digest-look = ada informasi untuk Anda, silakan log masuk
digest-fires-changed = tingkat siaga telah berubah
digest-heading-urgent = Mendesak: { $node }
digest-alert = Api siaga
digest-fires-of = { $circle }: { $fires } dari 5 api
digest-new = Baru
digest-told = Laporan dan insiden
digest-nameless = tanpa nama
digest-more = Masih ada { $count } lagi yang tidak dicantumkan di sini.
digest-gone = Ditarik
digest-withdrawn = { $count } ditarik
digest-gone-text = { $what }: yang disampaikan sebelumnya tidak berlaku lagi; ambil kembali daftar Anda.
digest-red = Tidak dikirim lewat surel
digest-red-text = Ada informasi untuk Anda yang tidak dikirim lewat surel. Silakan log masuk.
digest-do = Yang perlu dilakukan
digest-attached = Petunjuknya ada dalam imbauan yang terlampir pada surel ini.
digest-attached-and-there = Petunjuknya ada dalam imbauan yang terlampir pada surel ini; versi terbarunya ada di sini:
digest-missing = Petunjuknya ada dalam imbauan, tetapi tidak dapat dilampirkan pada surel ini; log masuk untuk membacanya.
digest-missing-but-there = Petunjuknya ada dalam imbauan, tetapi tidak dapat dilampirkan pada surel ini; log masuk untuk membacanya di sini:
digest-there = Petunjuknya ada dalam imbauan. Masuk log untuk membacanya di sini:

news-attack-pattern = { $count } teknik serangan
news-campaign = { $count } kampanye
news-course-of-action = { $count } langkah penanganan
news-grouping = { $count } kumpulan informasi
news-identity = { $count } identitas
news-incident = { $count } insiden
news-indicator = { $count } indikator
news-infrastructure = { $count } infrastruktur serangan
news-intrusion-set = { $count } kelompok penyerang
news-malware = { $count } malware
news-note = { $count } catatan analisis
news-observed-data = { $count } data pengamatan
news-relationship = { $count } keterkaitan
news-report = { $count } laporan
news-sighting = { $count } laporan temuan
news-threat-actor = { $count } penyerang
news-vulnerability = { $count } kerentanan
news-other = { $count } objek berjenis { $type }
news-rest = { $count } objek berjenis lain

overdue = Terlambat: telah ditarik tetapi masih dipakai
overdue-text = { $count } objek telah ditarik di lingkaran { $circle }, tetapi { $member } masih memiliki yang diambil sebelumnya: { $artefacts }.
overdue-please = Mohon agar diambil kembali, atau pastikan kepada { $node } bahwa itu tidak dipakai lagi.

answer = Sampaikan kepada mitra apa yang Anda lihat
answer-intro = Tandai apa yang Anda lihat di { $member }. Yang Anda tandai dikirim ke lingkaran yang membagikannya, sebagai temuan atas nama Anda.
answer-column = Terlihat
answer-values = Nilai yang dibagikan kepada Anda
answer-first = Pertama terlihat, tanggal (UTC)
answer-last = Terakhir terlihat, tanggal (UTC)
answer-count = Berapa kali, atau pada berapa komputer
answer-other = Hal lain yang kami lihat
answer-remark = Catatan
answer-name = Siapa yang dapat ditanya tentang hal ini
answer-nothing = Kami sudah membacanya dan tidak menemukan apa pun.
answer-send = Kirim
answer-once = Anda dapat mengirimnya satu kali. Tidak ada yang dikirim sebelum Anda menekan tombol.
answer-thanks = Terima kasih
answer-thanks-seen = { $count } temuan telah diteruskan kepada mitra Anda.
answer-thanks-nothing = Jawaban Anda dicatat. Anda tidak menemukan apa pun: itu pun membantu.
answer-thanks-note = Yang Anda tulis telah diteruskan kepada mitra Anda.
answer-lost = { $count } nilai tidak lagi dibagikan kepada Anda, sehingga tidak ada yang diteruskan tentangnya.
answer-untaken = Beberapa lingkaran tidak menerima laporan dari Anda: ke sana tidak ada yang diteruskan.
answer-used = Tautan ini sudah dipakai
answer-used-text = Jawaban melalui tautan ini sudah diterima, dan tautan hanya berlaku satu kali. Untuk menyampaikan lebih banyak, mintalah imbauan baru.
answer-over = Tautan ini sudah kedaluwarsa
answer-over-text = Tautan dalam imbauan berlaku selama tiga puluh hari. Mintalah imbauan baru.
answer-fault = Mohon diperiksa lagi
answer-fault-empty = Tandai sedikitnya satu nilai, tulis apa yang Anda lihat, atau nyatakan bahwa Anda tidak menemukan apa pun.
answer-fault-both = Anda menyatakan tidak menemukan apa pun, dan juga melihat sesuatu. Mana yang benar?
answer-fault-date = Tanggal ditulis seperti 2026-09-02, tidak di masa depan, dan yang pertama tidak setelah yang terakhir.
answer-fault-count = Angkanya antara 1 dan 999999999.
answer-fault-long = Ada teks yang lebih panjang dari { $limit } karakter.
answer-fault-refused = Tidak ada yang dapat diteruskan. Mohon menelepon, atau menulis kepada pengirim imbauan.

freeze-heading = Permintaan pembekuan aset virtual curian
freeze-dateline = { $node } · { $date } (UTC) · Kepada: { $service } · Kasus { $case }, permintaan { $number }
freeze-asked = Apa yang diminta
freeze-please = Aset virtual curian masuk ke alamat yang dilabeli sebagai milik Anda ({ $service }). Mohon bekukan yang masih Anda pegang:
freeze-total = { $amount } di { $chain }
freeze-addresses = Alamat Anda yang menerimanya
freeze-do-hold = Bekukan
freeze-do-hold-text = Tahan saldo akun yang menerimanya dan hentikan penarikan yang menunggu. Jika sebagian sudah keluar, bekukan sisanya.
freeze-do-keep = Simpan catatannya
freeze-do-keep-text = Simpan identitas pelanggan, cara mereka masuk, dan ke mana dana dikirim, agar pihak berwenang dapat memintanya.
freeze-do-tell = Jawab
freeze-do-tell-text = Katakan apakah Anda memegangnya, berapa yang dibekukan, dan nomor berkas Anda. Jika Anda tidak dapat membekukannya, katakan juga, dan ke mana perginya.
freeze-came = Apa yang masuk kepada Anda
freeze-stolen = Apa yang dicuri
freeze-path = Bagaimana sampai kepada Anda
freeze-path-number = Jalur { $count }
freeze-path-all = Berkas JSON terlampir memuat setiap pembayaran dan setiap jalur, dengan jumlah dalam satuan terkecil.
freeze-how = Bagaimana ini ditemukan
freeze-fifo = Pembayaran diikuti menurut urutan rantai. Yang keluar lebih dulu dari sebuah alamat adalah yang masuk lebih dulu (masuk pertama, keluar pertama).
freeze-lifo = Pembayaran diikuti menurut urutan rantai. Yang keluar lebih dulu dari sebuah alamat adalah yang masuk terakhir (masuk terakhir, keluar pertama).
freeze-haircut = Pembayaran diikuti menurut urutan rantai. Setiap pembayaran membawa bagian curian sebesar bagian dalam simpanan asalnya.
freeze-poison = Pembayaran diikuti menurut urutan rantai. Setiap pembayaran dari simpanan yang berisi sesuatu yang dicuri dihitung curian seluruhnya, sehingga jumlahnya bisa melebihi yang dicuri.
freeze-assume-order = Pembayaran hanya memindahkan yang sudah masuk sebelumnya. Jumlahnya tepat hingga satuan terkecil.
freeze-assume-service = Pelacakan berakhir ketika nilai masuk ke sebuah layanan. Yang dibayarkan kembali oleh layanan tidak diikuti.
freeze-assume-label = Bahwa alamat itu milik Anda dikatakan oleh: { $sources }. Jika salah, mohon beri tahu kami.
freeze-assume-until = Pembayaran sampai { $until } (UTC) telah diperiksa.
freeze-ground = Dasar hukum
freeze-no-order = Tidak ada perintah pengadilan atau pihak berwenang bersama permintaan ini. Anda diminta bertindak menurut ketentuan dan hukum Anda sampai ada.
freeze-who = Siapa yang meminta
freeze-contact = Mohon jawab kepada: { $contact }
freeze-genuine = Berkas ketiga ditandatangani dengan kunci { $key } dan memuat SHA-256 dokumen ini. Mintalah kunci lewat jalan lain dari jalan datangnya berkas ini.
freeze-when = Kapan (UTC)
freeze-payment = Transaksi, dari siapa ke siapa
freeze-amount = Jumlah
freeze-tainted = Bagian curian
freeze-more = { $count ->
   *[other] { $count } lagi ada di berkas JSON.
}
freeze-subject = [{ $tlp }] Permintaan pembekuan aset virtual curian: { $case }, no. { $number }, kepada { $service }
freeze-mail = Aset virtual curian ({ $case }) masuk ke alamat yang dilabeli sebagai milik Anda. Mohon bekukan: { $amount }.
freeze-attached = Terlampir permintaan sebagai dokumen, isi yang sama untuk program (JSON) dengan setiap pembayaran, dan tanda tangannya.

call-subject-drill = Latihan: mohon dijawab
call-subject-emergency = DARURAT: mohon dijawab sekarang
call-drill = Ini latihan; tidak terjadi apa-apa. { $caller } memeriksa apakah narahubung { $circle } dapat dihubungi.
call-emergency = Ini bukan latihan. { $caller } memanggil narahubung { $circle }.
call-deputy = Anda ditanya sebagai wakil: narahubung sebelumnya tidak menjawab dalam waktu yang disepakati.
call-link = Jawab di sini tanpa log masuk; tautan ini berlaku satu kali, sampai { $until } (UTC): { $link }
call-term = Mohon dijawab dalam { $minutes } menit. Setelah itu wakil Anda yang ditanya.
call-title-drill = Latihan
call-title-emergency = Keadaan darurat
call-name = Nama Anda
call-text = Jawaban Anda
call-send = Jawab
call-thanks-text = Jawaban Anda dicatat. Halaman ini boleh ditutup.
call-used-text = Jawaban melalui tautan ini sudah diterima, dan tautan hanya berlaku satu kali. Untuk menyampaikan lebih banyak, teleponlah pihak yang bertanya.
call-over-text = Waktu untuk menjawab sudah lewat, atau panggilan sudah diakhiri.
call-fault-name = Mohon tulis nama Anda dalam satu baris.
