/// Dates as HTTP writes them.
library;

const List<String> _days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const List<String> _months = [
  'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', //
  'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
];

final RegExp _pattern = RegExp(
  r'^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$',
);

/// [time] in whole seconds, as in `Sun, 06 Nov 1994 08:49:37 GMT`.
String formatHttpDate(DateTime time) {
  final utc = time.toUtc();
  String pad(int number, [int width = 2]) => '$number'.padLeft(width, '0');
  return '${_days[utc.weekday - 1]}, ${pad(utc.day)} ${_months[utc.month - 1]} '
      '${pad(utc.year, 4)} ${pad(utc.hour)}:${pad(utc.minute)}:'
      '${pad(utc.second)} GMT';
}

/// The time that [text] is, in UTC, or `null` if it is none.
DateTime? parseHttpDate(String? text) {
  final match = text == null ? null : _pattern.firstMatch(text);
  if (match == null) return null;
  final month = _months.indexOf(match[2]!) + 1;
  if (month == 0) return null;
  final [day, year, hour, minute, second] = [
    for (final group in const [1, 3, 4, 5, 6]) int.parse(match[group]!),
  ];
  final time = DateTime.utc(year, month, day, hour, minute, second);
  // What is no day or hour would be one of a later month or day.
  final isOne = time.day == day && time.hour == hour && time.minute == minute;
  return isOne && time.second == second ? time : null;
}
