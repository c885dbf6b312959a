// A series as an SVG picture: bytes above, seconds below, one point a request.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/clock.hpp"
#include "meter/report.hpp"

namespace meter {
namespace {

constexpr double width = 720;
constexpr double left = 80;
constexpr double right = 20;
constexpr double panel = 200;  // the height of one plot
constexpr double gap = 50;
constexpr double top = 50;

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (static_cast<unsigned char>(c) < 0x20)
      result += ' ';  // XML 1.0 allows hardly any of them
    else
      result += c;
  }
  return result;
}

// 1, 2 or 5 times a power of ten, so that `most` is about four steps high.
double step_for(double most) {
  if (most <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(most / 4)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (most / (power * factor) <= 5) return power * factor;
  return power * 10;
}

struct Plot {
  double y;  // of its upper edge
  std::string title;
  std::string colour;
  std::function<double(const Series::Point&)> value;
  std::function<std::string(double)> label;
};

std::string draw(const Series& series, const Plot& plot) {
  double most = 0;
  for (const auto& point : series.points) most = std::max(most, plot.value(point));
  const double step = step_for(most);
  const double high = std::max(step, std::ceil(most / step - 1e-9) * step);
  const double bottom = plot.y + panel;
  const auto y_of = [&](double value) { return bottom - panel * value / high; };
  const auto count = static_cast<double>(std::max<std::size_t>(2, series.points.size()));
  const auto x_of = [&](std::size_t n) {
    return left + (width - left - right) * static_cast<double>(n) / (count - 1);
  };
  std::string svg =
      fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", left, plot.y - 8, plot.title);
  for (int n = 0; n <= std::lround(high / step); ++n) {
    const double tick = n * step;
    svg += fmt::format(
        "<line x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        left, width - right, y_of(tick), left - 6, y_of(tick) + 4, plot.label(tick));
  }
  std::string points;
  for (std::size_t n = 0; n < series.points.size(); ++n)
    points += fmt::format("{}{:.1f},{:.1f}", n == 0 ? "" : " ", x_of(n),
                          y_of(plot.value(series.points[n])));
  return svg + fmt::format(
                   "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" "
                   "stroke-width=\"2\"/>\n",
                   points, plot.colour);
}

constexpr double lower = top + panel + gap;
constexpr double height = lower + panel + gap;

std::string picture(const Series& series) {
  const std::string name =
      series.session.empty() ? series.path : series.session + ":" + series.path;
  std::string svg = fmt::format("<text x=\"{}\" y=\"20\" font-size=\"14\">{}: {}</text>\n", left,
                                escaped(name), escaped(growth_text(series)));
  svg += draw(series, {top, fmt::format("bytes of each {}", to_string(series.op)), "#1f77b4",
                       [](const auto& point) { return static_cast<double>(point.bytes); },
                       [](double value) {
                         return base::bytes_text(static_cast<std::uint64_t>(std::llround(value)));
                       }});
  svg += draw(series, {lower, fmt::format("seconds of each {}", to_string(series.op)), "#d62728",
                       [](const auto& point) { return point.seconds; },
                       [](double value) { return fmt::format("{:g} s", value); }});
  svg +=
      fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">1 to {}, in their order</text>\n",
                  (left + width - right) / 2, height - 20, series.points.size());
  return svg;
}

}  // namespace

std::string plot_svg(std::span<const Series> all) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      width, height * static_cast<double>(all.size()));
  for (std::size_t n = 0; n < all.size(); ++n)
    svg += fmt::format("<g transform=\"translate(0 {})\">\n{}</g>\n",
                       height * static_cast<double>(n), picture(all[n]));
  return svg + "</svg>\n";
}

std::string plot_svg(const Series& series) {
  return plot_svg(std::span(&series, 1));
}

}  // namespace meter
