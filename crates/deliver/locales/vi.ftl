# Lời của bản cảnh báo, của mẫu trả lời và của thư điện tử. Những gì lấy từ đối tượng giữ nguyên ngôn ngữ của nguồn.

language = Tiếng Việt
heading = Cảnh báo an ninh mạng
dateline = { $node } · { $date } (UTC) · Kính gửi: { $member }

tlp-clear = Mọi người đều có thể nhận tài liệu này.
tlp-green = Bạn có thể chuyển tiếp trong cộng đồng của mình, nhưng không được công khai.
tlp-amber = Bạn có thể chuyển tiếp trong tổ chức của mình và cho khách hàng của tổ chức, cho những người cần nó để tự bảo vệ.
tlp-amber-strict = Bạn chỉ có thể chuyển tiếp trong tổ chức của mình, cho những người cần nó để bảo vệ tổ chức.
tlp-red = Tài liệu này chỉ dành cho bạn. Không chuyển tiếp.

alert = Mức báo động
fires = { $circle }: { $fires } trên 5 ngọn lửa, { $why }
fires-calm = không có gì cần chú ý
fires-news = có điều mới cần hành động
fires-incident = một sự cố đã được chia sẻ
fires-high = một điều có mức nghiêm trọng cao đã được chia sẻ
fires-critical = một điều tối nghiêm trọng đã được chia sẻ
fires-seen = { $count ->
   *[other] { $count } thành viên đã thấy những gì được chia sẻ ở đây
}

happened = Chuyện gì đã xảy ra
nothing-told = Các đối tác đã chia sẻ những giá trị cần tìm, không kèm báo cáo về chúng.
also-known = Tên gọi khác: { $names }
more-told = Các đối tác còn biết thêm { $count } báo cáo, nhóm hoặc chiến dịch khác.
told-report = Báo cáo
told-incident = Sự cố
told-campaign = Chiến dịch
told-intrusion-set = Nhóm tấn công
told-threat-actor = Kẻ tấn công
told-vulnerability = Lỗ hổng

concerned = Ai bị ảnh hưởng
concerned-unknown = Các nguồn không nêu ngành hay quốc gia nào. Hãy coi như bạn có thể bị ảnh hưởng.

today = Việc cần làm hôm nay
hand-on = Đưa trang này cho người quản lý mạng của bạn
hand-on-text = Đề nghị họ chặn những gì có trong bảng dưới đây, tại máy chủ DNS, tường lửa hoặc máy chủ thư.
look = Xem điều này đã từng xảy ra ở chỗ bạn chưa
look-text = Tìm các giá trị dưới đây trong nhật ký của máy chủ thư, máy chủ proxy và máy chủ DNS, lùi về trước càng xa càng tốt.
stop = Ngừng xử lý những gì không còn hiệu lực
stop-text = Đề nghị bỏ chặn các giá trị trong bảng thứ hai dưới đây.
meets = Chống lại { $count } trong số các thủ đoạn đang được dùng.
for-it = Dành cho bộ phận công nghệ thông tin: { $what }
for-it-alone = Bộ phận công nghệ thông tin có thể làm bước này bằng công cụ của họ.

keep = Cần giữ lại và báo lại những gì
keep-first = Nếu tìm thấy gì đó, khoan hãy thay đổi
keep-first-text = Đừng tắt máy tính. Hãy ngắt máy khỏi mạng, ghi lại thời gian, giữ nhật ký, rồi gọi điện.
keep-which = Bạn đã thấy những giá trị nào
keep-when = Khi nào, và trên bao nhiêu máy tính
keep-nothing = Nếu không thấy gì, hãy cho biết: điều đó cũng có ích.
answer-here = Trả lời tại đây mà không cần đăng nhập. Liên kết dùng được một lần, đến { $until } (UTC).
answer-to = Bạn cũng có thể viết thư tới { $address }.
answer-sender = Hãy trả lời người đã gửi trang này cho bạn.

call = Gọi cho ai
no-contact = Không có đầu mối liên hệ. Hãy trả lời người đã gửi trang này cho bạn.

values = Cần tìm những gì
values-text = Dấu chấm được đặt trong ngoặc để không ai vô tình mở liên kết. Tuyệt đối không mở các địa chỉ này.
no-values = Hiện không có gì cần tìm.
more-values = Còn { $count } giá trị không được nêu ở đây; hãy yêu cầu danh sách cho thiết bị của bạn.
column-kind = Loại
column-value = Giá trị
column-name = Thuộc về
column-since = Từ ngày
column-why = Lý do
column-until = Ngày
counts-domain = Tên miền: { $count }
counts-url = Trang web: { $count }
counts-address = Địa chỉ mạng: { $count }
counts-file = Tệp (theo mã băm): { $count }
counts-mail = Người gửi thư: { $count }
counts-wallet = Ví: { $count }
kind-domain = Tên miền
kind-url = Trang web
kind-address = Địa chỉ
kind-file = Tệp
kind-mail = Người gửi thư
kind-wallet = Ví

gone = Những gì không còn hiệu lực
gone-text = Trong bảy ngày qua, các đối tác đã rút lại những giá trị này, hoặc chúng đã hết hạn. Hãy ngừng chặn và ngừng tìm chúng.
gone-withdrawn = Đã rút lại
gone-expired = Hết hạn

page = Bản mới nhất
page-here = Trang này, luôn được cập nhật. Hãy đăng nhập bằng quyền truy cập của bạn.
page-nowhere = Hãy hỏi người đã gửi trang này để có bản mới nhất.
code-alt = Mã để quét, mở { $url }
page-number = Trang { $number }
cut = Tài liệu này quá dài để in toàn bộ: phần còn lại được lược bỏ tại đây.

mail-subject = [{ $tlp }] [{ $fires }/5] Cảnh báo an ninh mạng, { $date }

digest-urgent = KHẨN: { $what }
digest-look = có nội dung dành cho bạn, hãy đăng nhập
digest-fires-changed = mức báo động đã thay đổi
digest-heading-urgent = Khẩn: { $node }
digest-alert = Ngọn lửa báo động
digest-fires-of = { $circle }: { $fires } trên 5 ngọn lửa
digest-new = Nội dung mới
digest-told = Báo cáo và sự cố
digest-nameless = không có tên
digest-more = Còn { $count } mục khác không được nêu ở đây.
digest-gone = Thu hồi
digest-withdrawn = { $count } mục bị thu hồi
digest-gone-text = { $what }: những gì đã báo trước đây không còn hiệu lực; hãy tải lại các danh sách của bạn.
digest-red = Không gửi qua thư điện tử
digest-red-text = Có nội dung dành cho bạn nhưng không gửi qua thư điện tử. Hãy đăng nhập.
digest-do = Việc cần làm
digest-attached = Việc cần làm có trong bản cảnh báo đính kèm thư này.
digest-attached-and-there = Việc cần làm có trong bản cảnh báo đính kèm thư này; bản mới nhất có tại đây:
digest-missing = Việc cần làm có trong bản cảnh báo nhưng không thể đính kèm vào thư này; hãy đăng nhập để đọc.
digest-missing-but-there = Việc cần làm có trong bản cảnh báo nhưng không thể đính kèm vào thư này; hãy đăng nhập để đọc tại đây:
digest-there = Việc cần làm có trong bản cảnh báo. Hãy đăng nhập để đọc tại đây:

news-attack-pattern = { $count } kỹ thuật tấn công
news-campaign = { $count } chiến dịch
news-course-of-action = { $count } biện pháp ứng phó
news-grouping = { $count } nhóm thông tin
news-identity = { $count } tổ chức hoặc cá nhân
news-incident = { $count } sự cố
news-indicator = { $count } chỉ dấu
news-infrastructure = { $count } hạ tầng tấn công
news-intrusion-set = { $count } nhóm tấn công
news-malware = { $count } mã độc
news-note = { $count } ghi chú phân tích
news-observed-data = { $count } dữ liệu quan sát
news-relationship = { $count } mối liên hệ
news-report = { $count } báo cáo
news-sighting = { $count } lượt ghi nhận
news-threat-actor = { $count } kẻ tấn công
news-vulnerability = { $count } lỗ hổng
news-other = { $count } đối tượng loại { $type }
news-rest = { $count } đối tượng thuộc loại khác

overdue = Quá hạn: đã thu hồi nhưng vẫn còn được dùng
overdue-text = { $count } đối tượng đã bị thu hồi trong nhóm chia sẻ { $circle }, nhưng { $member } vẫn còn giữ những gì đã tải về trước đó: { $artefacts }.
overdue-please = Vui lòng cho tải lại, hoặc xác nhận với { $node } rằng chúng không còn được dùng.

answer = Cho các đối tác biết bạn đã thấy gì
answer-intro = Đánh dấu những gì bạn đã thấy tại { $member }. Những gì bạn đánh dấu sẽ được gửi tới các nhóm đã chia sẻ chúng, như một ghi nhận dưới tên bạn.
answer-column = Đã thấy
answer-values = Các giá trị đã được chia sẻ với bạn
answer-first = Thấy lần đầu, ngày (UTC)
answer-last = Thấy lần cuối, ngày (UTC)
answer-count = Bao nhiêu lần, hoặc trên bao nhiêu máy tính
answer-other = Điều khác mà chúng tôi đã thấy
answer-remark = Ghi chú
answer-name = Có thể hỏi ai về việc này
answer-nothing = Chúng tôi đã đọc và không tìm thấy gì.
answer-send = Gửi
answer-once = Bạn chỉ gửi được một lần. Không có gì được gửi trước khi bạn bấm nút.
answer-thanks = Cảm ơn
answer-thanks-seen = Đã chuyển { $count } ghi nhận tới các đối tác của bạn.
answer-thanks-nothing = Câu trả lời của bạn đã được ghi lại. Bạn không tìm thấy gì: điều đó cũng có ích.
answer-thanks-note = Những gì bạn viết đã được chuyển tới các đối tác.
answer-lost = Có { $count } giá trị không còn được chia sẻ với bạn, nên không có gì được chuyển đi về chúng.
answer-untaken = Một số nhóm không nhận báo cáo từ bạn: không có gì được chuyển tới đó.
answer-used = Liên kết này đã được dùng
answer-used-text = Đã có câu trả lời qua liên kết này, và nó chỉ dùng được một lần. Để báo thêm, hãy yêu cầu bản cảnh báo mới.
answer-over = Liên kết này đã quá cũ
answer-over-text = Liên kết trong bản cảnh báo dùng được ba mươi ngày. Hãy yêu cầu bản cảnh báo mới.
answer-fault = Vui lòng xem lại
answer-fault-empty = Hãy đánh dấu ít nhất một giá trị, viết điều bạn đã thấy, hoặc cho biết bạn không tìm thấy gì.
answer-fault-both = Bạn cho biết không tìm thấy gì, nhưng cũng cho biết đã thấy điều gì đó. Điều nào đúng?
answer-fault-date = Ngày được viết như 2026-09-02, không ở tương lai, và ngày đầu không sau ngày cuối.
answer-fault-count = Con số từ 1 đến 999999999.
answer-fault-long = Có đoạn văn dài hơn { $limit } ký tự.
answer-fault-refused = Không thể chuyển gì đi. Hãy gọi điện, hoặc viết cho người đã gửi bản cảnh báo.

freeze-heading = Yêu cầu phong tỏa tài sản ảo bị đánh cắp
freeze-dateline = { $node } · { $date } (UTC) · Gửi: { $service } · Vụ việc { $case }, yêu cầu { $number }
freeze-asked = Điều được yêu cầu
freeze-please = Tài sản ảo bị đánh cắp đã đến các địa chỉ được gắn nhãn là của quý vị ({ $service }). Xin phong tỏa phần quý vị còn giữ:
freeze-total = { $amount } trên { $chain }
freeze-addresses = Các địa chỉ của quý vị đã nhận
freeze-do-hold = Phong tỏa
freeze-do-hold-text = Giữ số dư của các tài khoản đã nhận và dừng các lệnh rút đang chờ. Nếu một phần đã rời đi, hãy phong tỏa phần còn lại.
freeze-do-keep = Giữ hồ sơ
freeze-do-keep-text = Giữ thông tin khách hàng, cách họ đăng nhập và nơi họ chuyển đi, để cơ quan chức năng có thể yêu cầu.
freeze-do-tell = Trả lời
freeze-do-tell-text = Cho biết quý vị có giữ không, đã phong tỏa bao nhiêu, và số hồ sơ của quý vị. Nếu không thể phong tỏa, xin cũng cho biết, và tài sản đã đi đâu.
freeze-came = Những gì đã đến với quý vị
freeze-stolen = Những gì bị đánh cắp
freeze-path = Đường đi đến quý vị
freeze-path-number = Đường đi { $count }
freeze-path-all = Tệp JSON đính kèm có mọi khoản thanh toán và mọi đường đi, với số tiền theo đơn vị nhỏ nhất.
freeze-how = Cách phát hiện
freeze-fifo = Các khoản thanh toán được theo dõi theo thứ tự của chuỗi. Thứ rời một địa chỉ trước là thứ đã đến trước (vào trước, ra trước).
freeze-lifo = Các khoản thanh toán được theo dõi theo thứ tự của chuỗi. Thứ rời một địa chỉ trước là thứ đã đến sau cùng (vào sau, ra trước).
freeze-haircut = Các khoản thanh toán được theo dõi theo thứ tự của chuỗi. Mỗi khoản mang phần bị đánh cắp theo cùng tỷ lệ với số dư mà nó xuất phát.
freeze-poison = Các khoản thanh toán được theo dõi theo thứ tự của chuỗi. Mọi khoản từ số dư có phần bị đánh cắp đều tính là bị đánh cắp toàn bộ, nên tổng có thể lớn hơn số đã mất.
freeze-assume-order = Một khoản thanh toán chỉ chuyển những gì đã đến trước nó. Số tiền chính xác đến đơn vị nhỏ nhất.
freeze-assume-service = Việc theo dõi dừng khi giá trị vào một dịch vụ. Những gì dịch vụ trả ra không được theo dõi.
freeze-assume-label = Nguồn cho rằng các địa chỉ là của quý vị: { $sources }. Nếu sai, xin cho chúng tôi biết.
freeze-assume-until = Các khoản thanh toán đến { $until } (UTC) đã được xem xét.
freeze-ground = Căn cứ pháp lý
freeze-no-order = Không có lệnh của tòa án hay cơ quan nào đi cùng yêu cầu này. Xin quý vị hành động theo điều khoản và luật của mình cho đến khi có.
freeze-who = Bên yêu cầu
freeze-contact = Xin trả lời về: { $contact }
freeze-genuine = Tệp thứ ba được ký bằng khóa { $key } và ghi SHA-256 của tài liệu này. Hãy hỏi khóa qua một đường khác với đường gửi tài liệu này.
freeze-when = Thời điểm (UTC)
freeze-payment = Giao dịch, từ ai đến ai
freeze-amount = Số tiền
freeze-tainted = Phần bị đánh cắp
freeze-more = { $count ->
   *[other] Còn { $count } khoản nữa trong tệp JSON.
}
freeze-subject = [{ $tlp }] Yêu cầu phong tỏa tài sản ảo bị đánh cắp: { $case }, số { $number }, gửi { $service }
freeze-mail = Tài sản ảo bị đánh cắp ({ $case }) đã đến các địa chỉ được gắn nhãn là của quý vị. Xin phong tỏa: { $amount }.
freeze-attached = Đính kèm là yêu cầu dạng tài liệu, bản cho chương trình (JSON) với mọi khoản thanh toán, và chữ ký.

call-subject-drill = Diễn tập: vui lòng trả lời
call-subject-emergency = KHẨN CẤP: vui lòng trả lời ngay
call-drill = Đây là diễn tập; không có sự cố nào xảy ra. { $caller } kiểm tra xem có liên lạc được với các đầu mối của { $circle } hay không.
call-emergency = Đây không phải là diễn tập. { $caller } gọi các đầu mối liên lạc của { $circle }.
call-deputy = Bạn được hỏi với tư cách người thay thế: đầu mối trước bạn đã không trả lời trong thời gian thỏa thuận.
call-link = Trả lời tại đây mà không cần đăng nhập; liên kết dùng được một lần, đến { $until } (UTC): { $link }
call-term = Vui lòng trả lời trong { $minutes } phút. Sau đó người thay thế bạn sẽ được hỏi.
call-title-drill = Diễn tập
call-title-emergency = Tình huống khẩn cấp
call-name = Tên của bạn
call-text = Câu trả lời của bạn
call-send = Trả lời
call-thanks-text = Câu trả lời của bạn đã được ghi lại. Bạn có thể đóng trang này.
call-used-text = Đã có câu trả lời qua liên kết này, và nó chỉ dùng được một lần. Để nói thêm, hãy gọi cho bên đã hỏi.
call-over-text = Đã hết thời gian trả lời, hoặc cuộc gọi đã kết thúc.
call-fault-name = Vui lòng viết tên của bạn trên một dòng.
