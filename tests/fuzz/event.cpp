// events::from_json: an event, nothing, or corrupt; an event written and read again is the same.
#include "events/event.hpp"

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  std::optional<events::Stamped> event;
  if (fuzz::refused(base::Code::corrupt, [&] { event = events::from_json(text); })) return 0;
  if (!event) return 0;
  const std::string once = events::to_json(*event);
  const auto again = events::from_json(once);
  fuzz::require(again.has_value(), "what is written can be read");
  fuzz::require(events::to_json(*again) == once, "it says the same");
  fuzz::require(once.find('\n') == std::string::npos, "it is one line");
  return 0;
}
