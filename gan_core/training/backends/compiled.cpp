// Steps of two plain dense networks, compiled for one specification: sizes and loss stand in front of this file.
//
// In front of it, by #define: BATCH_SIZE, PACK_SIZE, IMAGE_SIZE (numbers of one image), RELATIVISTIC (0 or 1), and
// D_LOSS, D_REAL_SLOPE, D_FAKE_SLOPE, G_LOSS, G_FAKE_SLOPE of one pair of logits r and f; for G and for D: G_SIZES (of
// the layers, from the input on), G_BEND, G_TANH_AT_END. What may change while a run trains comes in at every call.
//
// Rows are images. A matrix of n columns has pad(n) of them, those too many being zero, so that whole vectors are read.

#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

#ifdef __AVX512F__
constexpr int WIDTH = 16, TALL = 6, ACROSS = 4;  // 24 sums, 4 + 1 operands: of 32 registers
#else
constexpr int WIDTH = 8, TALL = 6, ACROSS = 2;  // 12 sums, 2 + 1 operands: of 16
#endif
constexpr float EPS = 1e-8f;

typedef float V __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t I __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

constexpr int pad(int n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }
inline V load(const float* from) { return *reinterpret_cast<const V*>(from); }
inline void store(float* to, V v) { *reinterpret_cast<V*>(to) = v; }
inline V only(float x) { return V{} + x; }

inline float sum(V v) {
  float total = 0;
  for (int i = 0; i < WIDTH; ++i) total += v[i];
  return total;
}

// --- functions of whole vectors

inline V positive(V x) { return x < 0.0f ? V{} : x; }  // undefined stays undefined
inline V above(V x) { return x > 0.0f ? only(1.0f) : V{}; }
inline V magnitude(V x) { return x < 0.0f ? -x : x; }

// e^x = 2^n e^r, |r| <= ln(2) / 2, with Cephes' polynomial for e^r: within 2 units in the last place.
inline V exponential(V x) {
  V limited = x > 88.0f ? only(88.0f) : x;
  limited = limited < -87.0f ? only(-87.0f) : limited;
  const V n = (limited * 1.44269504f + 12582912.0f) - 12582912.0f;
  const V r = limited - n * 0.693359375f + n * 2.12194440e-4f;
  V p = only(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const I scale = (__builtin_convertvector(n, I) + 127) << 23;
  V power;
  std::memcpy(&power, &scale, sizeof power);
  return p * power;
}

inline V sigmoid(V x) { return 1.0f / (1.0f + exponential(-x)); }

// log(1 + e^x) = max(x, 0) + log(1 + u), u = e^-|x|; log(1 + u) = 2 artanh(u / (2 + u)).
inline V softplus(V x) {
  const V u = exponential(-magnitude(x)), s = u / (2.0f + u), q = s * s;
  V p = only(1.0f / 13.0f);
  p = p * q + 1.0f / 11.0f;
  p = p * q + 1.0f / 9.0f;
  p = p * q + 1.0f / 7.0f;
  p = p * q + 1.0f / 5.0f;
  p = p * q + 1.0f / 3.0f;
  p = p * q + 1.0f;
  return positive(x) + 2.0f * s * p;
}

// Cephes: an odd polynomial near zero, 1 - 2 / (e^2|x| + 1) elsewhere.
inline V hyperbolic(V x) {
  const V size = magnitude(x), z = x * x;
  V p = only(-5.70498872745e-3f);
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  p = p * z * x + x;
  const V far = 1.0f - 2.0f / (exponential(2.0f * size) + 1.0f);
  return size < 0.625f ? p : (x < 0.0f ? -far : far);
}

// The normal distribution's cumulative function; the error function by Abramowitz & Stegun 7.1.26.
inline V normal_below(V x) {
  const V a = magnitude(x) * 0.70710678f, t = 1.0f / (1.0f + 0.3275911f * a);
  V p = only(1.061405429f);
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const V tail = 0.5f * p * t * exponential(-a * a);
  return x < 0.0f ? tail : 1.0f - tail;
}

// --- bends between the layers: y = f(h), and g * f'(h) from y or, where FROM_INPUT, from h

enum Bend { NONE, RELU, LEAKY_RELU, TANH, SILU, GELU };
constexpr bool from_input(Bend bend) { return bend == SILU || bend == GELU; }

struct GSpec {
  static constexpr int SIZES[] = {G_SIZES}, LAYERS = sizeof(SIZES) / sizeof(int) - 1;
  static constexpr Bend BEND = G_BEND;
  static constexpr bool TANH_AT_END = G_TANH_AT_END;
};

struct DSpec {
  static constexpr int SIZES[] = {D_SIZES}, LAYERS = sizeof(SIZES) / sizeof(int) - 1;
  static constexpr Bend BEND = D_BEND;
  static constexpr bool TANH_AT_END = false;
};

template <Bend BEND>
inline V bend(V h) {
  if constexpr (BEND == RELU) return positive(h);
  if constexpr (BEND == LEAKY_RELU) return h > 0.0f ? h : 0.2f * h;
  if constexpr (BEND == TANH) return hyperbolic(h);
  if constexpr (BEND == SILU) return h * sigmoid(h);
  if constexpr (BEND == GELU) return h * normal_below(h);
  return h;
}

template <Bend BEND>
inline V bend_slope(V g, V kept) {
  if constexpr (BEND == RELU) return kept > 0.0f ? g : V{};
  if constexpr (BEND == LEAKY_RELU) return kept > 0.0f ? g : 0.2f * g;
  if constexpr (BEND == TANH) return g * (1.0f - kept * kept);
  if constexpr (BEND == SILU) {
    const V s = sigmoid(kept);
    return g * s * (1.0f + kept * (1.0f - s));
  }
  if constexpr (BEND == GELU) return g * (normal_below(kept) + kept * 0.39894228f * exponential(-0.5f * kept * kept));
  return g;
}

// --- products: c[i][j] = sum over k of a[i * a_row + k * a_k] * b[k * b_k + j], handed to end(i, j, vector)

template <int R, int C, class End>
inline void tile(const float* a, int a_row, int a_k, const float* b, int b_k, int count, const End& end) {
  V sums[R][C] = {};
  for (int k = 0; k < count; ++k) {
    V row[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) row[c] = load(b + k * b_k + c * WIDTH);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const float factor = a[r * a_row + k * a_k];
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) sums[r][c] += factor * row[c];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) end(r, c * WIDTH, sums[r][c]);
}

template <int ROWS, int C, class End>
inline void strip(const float* a, int a_row, int a_k, const float* b, int b_k, int count, int column, const End& end) {
  constexpr int WHOLE = ROWS / TALL * TALL;
  for (int i = 0; i < WHOLE; i += TALL)
    tile<TALL, C>(a + i * a_row, a_row, a_k, b + column, b_k, count,
                  [&](int r, int c, V v) { end(i + r, column + c, v); });
  if constexpr (WHOLE < ROWS)
    tile<ROWS - WHOLE, C>(a + WHOLE * a_row, a_row, a_k, b + column, b_k, count,
                          [&](int r, int c, V v) { end(WHOLE + r, column + c, v); });
}

template <int ROWS, int COLUMNS, class End>
inline void product(const float* a, int a_row, int a_k, const float* b, int b_k, int count, const End& end) {
  constexpr int VECTORS = pad(COLUMNS) / WIDTH, WHOLE = VECTORS / ACROSS * ACROSS;
  for (int j = 0; j < WHOLE; j += ACROSS) strip<ROWS, ACROSS>(a, a_row, a_k, b, b_k, count, j * WIDTH, end);
  if constexpr (WHOLE < VECTORS)
    strip<ROWS, VECTORS - WHOLE>(a, a_row, a_k, b, b_k, count, WHOLE * WIDTH, end);
}

struct Adam {
  float beta1, beta2, weight_decay;
};

// --- a network of dense layers with what its newest forward left for its backward

template <class Spec, int MOST_ROWS>
struct Net {
  static constexpr int LAYERS = Spec::LAYERS;
  static constexpr int size(int layer) { return Spec::SIZES[layer]; }
  static constexpr Bend bend_after(int layer) {
    return layer + 1 < LAYERS ? Spec::BEND : Spec::TANH_AT_END ? TANH : NONE;
  }
  static constexpr int widest() {
    int most = 0;
    for (int i = 0; i <= LAYERS; ++i) most = pad(size(i)) > most ? pad(size(i)) : most;
    return most;
  }

  float *weight[LAYERS], *bias[LAYERS];               // the caller's: [out, in] and [out]
  float *turned[LAYERS], *wide[LAYERS];               // [in, pad(out)] and [out, pad(in)]
  float *wide_bias[LAYERS], *weight_slope[LAYERS], *bias_slope[LAYERS];
  float *values[LAYERS + 1], *sums[LAYERS];           // inputs of the layers and the last output; h where it is wanted
  float *slopes[2];                                   // of a layer's output and of its input, in turns

  // take(count): zeroed memory for so many numbers.
  template <class Take>
  void lay_out(Take take) {
    for (int i = 0; i <= LAYERS; ++i) values[i] = take(MOST_ROWS * pad(size(i)));
    for (int i = 0; i < LAYERS; ++i) {
      const int in = size(i), out = size(i + 1);
      turned[i] = take(in * pad(out));
      wide[i] = take(out * pad(in));
      wide_bias[i] = take(pad(out));
      weight_slope[i] = take(out * pad(in));
      bias_slope[i] = take(pad(out));
      sums[i] = from_input(bend_after(i)) ? take(MOST_ROWS * pad(out)) : nullptr;
    }
    for (auto& slope : slopes) slope = take(MOST_ROWS * widest());
  }

  void read_weights() {
    for (int i = 0; i < LAYERS; ++i) {
      const int in = size(i), out = size(i + 1);
      for (int o = 0; o < out; ++o) std::memcpy(wide[i] + o * pad(in), weight[i] + o * in, sizeof(float) * in);
      for (int k = 0; k < in; ++k)
        for (int o = 0; o < out; ++o) turned[i][k * pad(out) + o] = weight[i][o * in + k];
      std::memcpy(wide_bias[i], bias[i], sizeof(float) * out);
    }
  }

  // Rows FIRST to FIRST + ROWS of what lies in values[0].
  template <int FIRST, int ROWS, int LAYER = 0>
  void forward() {
    if constexpr (LAYER < LAYERS) {
      constexpr int in = Spec::SIZES[LAYER], out = Spec::SIZES[LAYER + 1];
      constexpr Bend BEND = bend_after(LAYER);
      const float* x = values[LAYER] + FIRST * pad(in);
      float* y = values[LAYER + 1] + FIRST * pad(out);
      if constexpr (out <= 4) {  // a sum along each row; other ways most of a vector would be nothing
        for (int row = 0; row < ROWS; ++row) {
          V found = {};
          for (int o = 0; o < out; ++o) {
            V parts = {};
            for (int k = 0; k < pad(in); k += WIDTH) parts += load(x + row * pad(in) + k) * load(wide[LAYER] + o * pad(in) + k);
            found[o] = sum(parts) + wide_bias[LAYER][o];
          }
          if constexpr (from_input(BEND)) store(sums[LAYER] + (FIRST + row) * pad(out), found);
          store(y + row * pad(out), bend<BEND>(found));
        }
      } else {
        const float* b = wide_bias[LAYER];
        float* kept = from_input(BEND) ? sums[LAYER] + FIRST * pad(out) : nullptr;
        product<ROWS, out>(x, pad(in), 1, turned[LAYER], pad(out), in, [&](int i, int j, V v) {
          const V h = v + load(b + j);
          if constexpr (from_input(BEND)) store(kept + i * pad(out) + j, h);
          store(y + i * pad(out) + j, bend<BEND>(h));
        });
      }
      forward<FIRST, ROWS, LAYER + 1>();
    }
  }

  // Before the last layer's bend: the slope of a loss of the output, in slopes[LAYERS % 2], is made one of its sums.
  template <int FIRST, int ROWS>
  void bend_end() {
    constexpr Bend BEND = bend_after(LAYERS - 1);
    if constexpr (BEND != NONE) {
      float* slope = slopes[LAYERS % 2];
      const float* kept = (from_input(BEND) ? sums[LAYERS - 1] : values[LAYERS]) + FIRST * pad(size(LAYERS));
      for (int i = 0; i < ROWS * pad(size(LAYERS)); i += WIDTH)
        store(slope + i, bend_slope<BEND>(load(slope + i), load(kept + i)));
    }
  }

  // From slopes[LAYERS % 2]; with OF_INPUT the slope of the input is left in slopes[0].
  template <int FIRST, int ROWS, bool OF_WEIGHTS, bool OF_INPUT, int LAYER = LAYERS - 1>
  void backward() {
    if constexpr (LAYER >= 0) {
      constexpr int in = Spec::SIZES[LAYER], out = Spec::SIZES[LAYER + 1];
      const float *slope = slopes[(LAYER + 1) % 2], *x = values[LAYER] + FIRST * pad(in);
      if constexpr (OF_WEIGHTS) {
        float* of_weight = weight_slope[LAYER];
        product<out, in>(slope, 1, pad(out), x, pad(in), ROWS,
                         [&](int i, int j, V v) { store(of_weight + i * pad(in) + j, v); });
        for (int o = 0; o < pad(out); o += WIDTH) {
          V total = {};
          for (int row = 0; row < ROWS; ++row) total += load(slope + row * pad(out) + o);
          store(bias_slope[LAYER] + o, total);
        }
      }
      if constexpr (LAYER > 0 || OF_INPUT) {
        constexpr Bend BEND = LAYER > 0 ? bend_after(LAYER - 1) : NONE;
        float* of_input = slopes[LAYER % 2];
        const float* kept = x;
        if constexpr (from_input(BEND)) kept = sums[LAYER - 1] + FIRST * pad(in);
        product<ROWS, in>(slope, pad(out), 1, wide[LAYER], pad(in), out, [&](int i, int j, V v) {
          store(of_input + i * pad(in) + j, bend_slope<BEND>(v, load(kept + i * pad(in) + j)));
        });
      }
      backward<FIRST, ROWS, OF_WEIGHTS, OF_INPUT, LAYER - 1>();
    }
  }

  // The Euclidean norm of all slopes of weights.
  float norm() const {
    double total = 0;
    for (int i = 0; i < LAYERS; ++i) {
      const int in = size(i), out = size(i + 1);
      for (int o = 0; o < out; ++o) {
        float row = bias_slope[i][o] * bias_slope[i][o];
        V squares = {};
        const float* slope = weight_slope[i] + o * pad(in);
        for (int k = 0; k < pad(in); k += WIDTH) squares += load(slope + k) * load(slope + k);
        total += row + sum(squares);
      }
    }
    return static_cast<float>(std::sqrt(total));
  }

  // Adam (Kingma & Ba 2015, algorithm 1), with weight decay apart from the slope (Loshchilov & Hutter 2019).
  void move(const Adam& adam, float* count, float* const* means, float* const* squares, float rate) {
    *count += 1;
    const float step = static_cast<float>(rate / (1 - std::pow(static_cast<double>(adam.beta1), *count)));
    const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(static_cast<double>(adam.beta2), *count)));
    for (int i = 0; i < LAYERS; ++i) {
      const int in = size(i), out = size(i + 1);
      for (int o = 0; o < out; ++o)
        move_some(adam, weight[i] + o * in, weight_slope[i] + o * pad(in), means[2 * i] + o * in, squares[2 * i] + o * in, in, rate, step, root);
      move_some(adam, bias[i], bias_slope[i], means[2 * i + 1], squares[2 * i + 1], out, rate, step, root);
    }
    read_weights();
  }

  static void move_some(const Adam& adam, float* __restrict w, const float* __restrict g, float* __restrict mean,
                        float* __restrict square, int count, float rate, float step, float root) {
    const float B1 = adam.beta1, B2 = adam.beta2, keep = 1 - rate * adam.weight_decay;
    for (int i = 0; i < count; ++i) {
      mean[i] += (g[i] - mean[i]) * (1 - B1);
      square[i] = B2 * square[i] + (1 - B2) * g[i] * g[i];
      w[i] = keep * w[i] - step * mean[i] / (std::sqrt(square[i]) * root + EPS);
    }
  }
};

constexpr int BATCH = BATCH_SIZE, PACK = PACK_SIZE, IMAGE = IMAGE_SIZE;
constexpr int N = BATCH / PACK;  // logits of each kind
constexpr int PACKED = PACK * IMAGE;

struct Both {
  Net<GSpec, BATCH> g;
  Net<DSpec, 2 * N> d;
  float *real, *fake, *real_slope, *fake_slope;
  float smoothing;
  Adam g_adam, d_adam;

  template <class Take>
  void lay_out(Take take) {
    g.lay_out(take);
    d.lay_out(take);
    real = take(pad(N)), fake = take(pad(N)), real_slope = take(pad(N)), fake_slope = take(pad(N));
  }

  void read_logits(float* to, int first) const {
    for (int i = 0; i < N; ++i) to[i] = d.values[DSpec::LAYERS][(first + i) * pad(1)];
  }

  void write_slopes(const float* from, int first) {
    for (int i = 0; i < N; ++i) d.slopes[DSpec::LAYERS % 2][(first + i) * pad(1)] = from[i] / N;
  }

  // D's: fills both slopes, gives the loss.
  float d_loss() {
    double total = 0;
    for (int i = 0; i < N; i += WIDTH) {
      const V r = load(real + i), f = load(fake + i), loss = D_LOSS;
      store(real_slope + i, D_REAL_SLOPE);
      store(fake_slope + i, D_FAKE_SLOPE);
      for (int k = 0; k < WIDTH && i + k < N; ++k) total += loss[k];
    }
    return static_cast<float>(total / N);
  }

  float g_loss() {
    double total = 0;
    for (int i = 0; i < N; i += WIDTH) {
      [[maybe_unused]] const V r = load(real + i);
      const V f = load(fake + i), loss = G_LOSS;
      store(fake_slope + i, G_FAKE_SLOPE);
      for (int k = 0; k < WIDTH && i + k < N; ++k) total += loss[k];
    }
    return static_cast<float>(total / N);
  }
};

// What the caller hands over, in its order: see `StepBuffers.tensors`.
struct Given {
  float *g_count, **g_means, **g_squares, *d_count, **d_means, **d_squares, **averages;
};

Given take_over(Both& nets, float** tensors) {
  for (int i = 0; i < GSpec::LAYERS; ++i, tensors += 2) nets.g.weight[i] = tensors[0], nets.g.bias[i] = tensors[1];
  for (int i = 0; i < DSpec::LAYERS; ++i, tensors += 2) nets.d.weight[i] = tensors[0], nets.d.bias[i] = tensors[1];
  Given given;
  given.g_count = *tensors++;
  given.g_means = tensors, tensors += 2 * GSpec::LAYERS;
  given.g_squares = tensors, tensors += 2 * GSpec::LAYERS;
  given.d_count = *tensors++;
  given.d_means = tensors, tensors += 2 * DSpec::LAYERS;
  given.d_squares = tensors, tensors += 2 * DSpec::LAYERS;
  given.averages = tensors;
  return given;
}

void average(const Net<GSpec, BATCH>& g, float** averages, float keep) {
  for (int i = 0; i < GSpec::LAYERS; ++i) {
    const int counts[2] = {g.size(i) * g.size(i + 1), g.size(i + 1)};
    const float* from[2] = {g.weight[i], g.bias[i]};
    for (int part = 0; part < 2; ++part) {
      float* __restrict to = averages[2 * i + part];
      const float* __restrict now = from[part];
      for (int k = 0; k < counts[part]; ++k) to[k] = keep * to[k] + (1 - keep) * now[k];
    }
  }
}

// One step; scalars: D's and G's loss, norms of D's and G's slopes. False where something is not finite: nothing of
// that player is moved then, and nothing after it.
bool step(Both& nets, const Given& given, const float* real, const float* z, const float* rates, float* scalars) {
  auto& [g, d, real_logits, fake_logits, real_slope, fake_slope, smoothing, g_adam, d_adam] = nets;
  scalars[1] = scalars[3] = NAN;
  constexpr int LATENT = GSpec::SIZES[0], OUT = GSpec::SIZES[GSpec::LAYERS];
  for (int i = 0; i < BATCH; ++i) std::memcpy(g.values[0] + i * pad(LATENT), z + i * LATENT, sizeof(float) * LATENT);
  g.template forward<0, BATCH>();

  for (int i = 0; i < N; ++i) std::memcpy(d.values[0] + i * pad(PACKED), real + i * PACKED, sizeof(float) * PACKED);
  for (int i = 0; i < BATCH; ++i)
    std::memcpy(d.values[0] + (N + i / PACK) * pad(PACKED) + i % PACK * IMAGE,
                g.values[GSpec::LAYERS] + i * pad(OUT), sizeof(float) * IMAGE);
  d.template forward<0, 2 * N>();
  nets.read_logits(real_logits, 0);
  nets.read_logits(fake_logits, N);
  std::memcpy(scalars + 4, real_logits, sizeof(float) * N);
  std::memcpy(scalars + 4 + N, fake_logits, sizeof(float) * N);
  scalars[0] = nets.d_loss();
  nets.write_slopes(real_slope, 0);
  nets.write_slopes(fake_slope, N);
  d.template backward<0, 2 * N, true, false>();
  scalars[2] = d.norm();
  if (!std::isfinite(scalars[0] + scalars[2])) return false;
  d.move(d_adam, given.d_count, given.d_means, given.d_squares, rates[1]);

  if constexpr (RELATIVISTIC) {
    d.template forward<0, 2 * N>();
    nets.read_logits(real_logits, 0);
  } else {
    d.template forward<N, N>();
  }
  nets.read_logits(fake_logits, N);
  scalars[1] = nets.g_loss();
  nets.write_slopes(fake_slope, 0);
  d.template backward<N, N, false, true>();
  for (int i = 0; i < BATCH; ++i)
    std::memcpy(g.slopes[GSpec::LAYERS % 2] + i * pad(OUT), d.slopes[0] + i / PACK * pad(PACKED) + i % PACK * IMAGE,
                sizeof(float) * IMAGE);
  g.template bend_end<0, BATCH>();
  g.template backward<0, BATCH, true, false>();
  scalars[3] = g.norm();
  if (!std::isfinite(scalars[1] + scalars[3])) return false;
  g.move(g_adam, given.g_count, given.g_means, given.g_squares, rates[0]);
  if (rates[2] >= 0) average(g, given.averages, rates[2]);
  return true;
}

}  // namespace

extern "C" {

// Floats of working memory that `steps` wants.
int64_t working_floats() {
  int64_t count = 0;
  Both nets;
  nets.lay_out([&](int64_t floats) { count += pad(floats); return static_cast<float*>(nullptr); });
  return count + WIDTH;
}

// So many steps, or fewer: up to and with the first one where something is not finite. Returns how many.
//
// real [count, BATCH, IMAGE], z [count, BATCH, latent], rates [count, 3]: learning rates of G and D, and how much of the
// averaged weights is kept, negative: there is no average. settings [7]: label smoothing, then beta1, beta2 and weight
// decay of G's optimizer and of D's. tensors: what is moved. found [count, 4 + 2 N]: scalars and D's logits of real and
// of fake. work: `working_floats()` of them.
int64_t steps(int64_t count, const float* real, const float* z, const float* rates, const float* settings,
              float** tensors, float* found, float* work) {
  std::memset(work, 0, sizeof(float) * working_floats());
  work = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(work) + 4 * WIDTH - 1) / (4 * WIDTH) * (4 * WIDTH));
  Both nets;
  nets.lay_out([&](int64_t floats) { float* at = work; work += pad(floats); return at; });
  nets.smoothing = settings[0];
  nets.g_adam = {settings[1], settings[2], settings[3]};
  nets.d_adam = {settings[4], settings[5], settings[6]};
  const Given given = take_over(nets, tensors);
  nets.g.read_weights();
  nets.d.read_weights();
  for (int64_t i = 0; i < count; ++i)
    if (!step(nets, given, real + i * BATCH * IMAGE, z + i * BATCH * GSpec::SIZES[0], rates + 3 * i, found + i * (4 + 2 * N)))
      return i + 1;
  return count;
}

}  // extern "C"
